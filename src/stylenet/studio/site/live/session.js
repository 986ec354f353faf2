// Painting the camera, one picture after another, while it runs and the page is visible.

import { LostError } from "/live/connection.js";
import { getJson } from "/server.js";

const RETRY_MS = 1000;

export class LiveSession {
  #run = 0;

  /**
   * `camera`, `connection`: the source of pictures, and where they are painted; `wanted()`: {size, isMirrored, fields} of the next picture;
   * `shown(bitmap, delay)`: called with each painting; `failed(error)`: called after an error, before trying again.
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

  /** Stop painting. */
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

// Browsers do not tell pages why a WebSocket was closed, so the reason is determined by an ordinary request.
async function reasonOf(error) {
  if (!(error instanceof LostError)) return error;
  try {
    await getJson("/v1/recipes");
    return error;
  } catch (reason) {
    return reason;
  }
}
