// The preview: it follows what is chosen, small and at once, and larger once nothing changes any more.

import { Latest } from "/latest.js";
import { getPreview, previewAddress } from "/server.js";
import { previewFields, settings } from "/settings.js";

const FAST_PX = 384;
const MOST_PX = 1024;
const REST_MS = 500;

export class Preview {
  /** `size()`: pixels of the long side on the screen; `picture(blob)`: shows a preview; `failed(error)`. */
  constructor({ size, picture, failed }) {
    Object.assign(this, { size, picture, failed, number: 0 });
    this.latest = new Latest((wish, isLatest) => this.paint(wish, isLatest));
  }

  /** Show what is chosen now. */
  follow() {
    clearTimeout(this.timer);
    this.number += 1;
    this.latest.ask({ number: this.number, size: FAST_PX });
  }

  /** Show no preview that is still to come. */
  leave() {
    clearTimeout(this.timer);
    this.number += 1;
  }

  async paint({ number, size }, isLatest) {
    try {
      const blob = await getPreview(previewAddress(settings.photo.id, previewFields(size)));
      if (!isLatest() || number !== this.number) return;
      this.picture(blob);
      const larger = Math.min(MOST_PX, Math.ceil(this.size() / 128) * 128);
      if (size < larger) this.timer = setTimeout(() => this.latest.ask({ number, size: larger }), REST_MS);
    } catch (error) {
      if (number === this.number && error.status !== 409) this.failed(error);
    }
  }
}
