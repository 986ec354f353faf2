// The preview of the current settings: small and immediate, then larger when nothing has changed for a while.

import { Latest } from "/latest.js";
import { getPreview, previewAddress } from "/server.js";
import { previewFields, settings } from "/settings.js";

const FAST_PX = 384;
const MAX_PX = 1024;
const REST_MS = 500;

export class Preview {
  /** `size()`: long side on the screen in pixels; `picture(blob)`: shows a preview; `failed(error)`: called after an error. */
  constructor({ size, picture, failed }) {
    Object.assign(this, { size, picture, failed, number: 0 });
    this.latest = new Latest((request, isLatest) => this.paint(request, isLatest));
  }

  /** Show a preview of the current settings. */
  follow() {
    clearTimeout(this.timer);
    this.number += 1;
    this.latest.ask({ number: this.number, size: FAST_PX });
  }

  /** Discard pending previews. */
  cancel() {
    clearTimeout(this.timer);
    this.number += 1;
  }

  async paint({ number, size }, isLatest) {
    try {
      const blob = await getPreview(previewAddress(settings.photo.id, previewFields(size)));
      if (!isLatest() || number !== this.number) return;
      this.picture(blob);
      const larger = Math.min(MAX_PX, Math.ceil(this.size() / 128) * 128);
      if (size < larger) this.timer = setTimeout(() => this.latest.ask({ number, size: larger }), REST_MS);
    } catch (error) {
      if (number === this.number && error.status !== 409) this.failed(error);
    }
  }
}
