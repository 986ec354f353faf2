// The painting of the camera: one picture after the other, as long as it runs and the page is visible.

import { LostError } from "/live/connection.js";
import { getJson } from "/server.js";

const RETRY_MS = 1000;

export class LiveSession {
  #run = 0;

  /**
   * `camera`, `connection`: where pictures come from and where they are painted; `wanted()`: {size, isMirrored, fields} of the next one;
   * `shown(bitmap, delay)`: takes a painting; `failed(error)`: says what is wrong, before another try.
   */
  constructor({ camera, connection, wanted, shown, failed }) {
    Object.assign(this, { camera, connection, wanted, shown, failed });
  }

  /** Paint until `stop`. */
  async start() {
    const run = ++this.#run;
    const isOver = () => run !== this.#run;
    while (!isOver()) {
      try {
        await this.#paintOne(isOver);
      } catch (error) {
        if (isOver()) return;
        this.failed(await reasonOf(error));
        await new Promise((done) => setTimeout(done, RETRY_MS));
      }
    }
  }

  /** Paint no more. */
  stop() {
    this.#run += 1;
    this.connection.close();
  }

  async #paintOne(isOver) {
    const { size, isMirrored, fields } = this.wanted();
    const picture = await this.camera.picture({ size, isMirrored });
    if (!picture || isOver()) return;
    const bitmap = await createImageBitmap(await this.connection.paint(picture.file, fields));
    if (!isOver()) this.shown(bitmap, performance.now() - picture.taken);
    bitmap.close();
  }
}

// Why a socket is closed is not told to pages; an ordinary request shows it.
async function reasonOf(error) {
  if (!(error instanceof LostError)) return error;
  try {
    await getJson("/v1/recipes");
    return error;
  } catch (told) {
    return told;
  }
}
