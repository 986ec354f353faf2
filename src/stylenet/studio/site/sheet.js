// A sheet of variants: small previews of several strengths and stroke sizes. A click on one applies its settings.

import { translate } from "/shared/language.js";
import { showError } from "/errors.js";
import { getBlob, previewAddress } from "/server.js";
import { previewFields, settings } from "/settings.js";
import { strokeSize } from "/words.js";

const STRENGTHS = [25, 45, 65, 85];
const STROKES = [-1, 0, 1];
const SIZE_PX = 320;
const CONCURRENT = 2; // leaves the server time for other requests

export class Sheet {
  /** `chosen({strength, strokes})`: called with the settings of the clicked variant. */
  constructor({ dialog, grid, chosen, messages }) {
    Object.assign(this, { dialog, grid, chosen, messages });
    dialog.addEventListener("close", () => this.controller?.abort());
  }

  /** Show variants of the current settings. */
  async open() {
    this.controller = new AbortController();
    const { signal } = this.controller;
    const cells = STROKES.flatMap((strokes) => STRENGTHS.map((strength) => this.cell({ strength, strokes })));
    this.grid.replaceChildren(...cells.map(({ button }) => button));
    this.dialog.showModal();
    const waiting = [...cells];
    const work = async () => {
      for (let cell = waiting.shift(); cell; cell = waiting.shift()) await this.fill(cell, signal);
    };
    try {
      await Promise.all(Array.from({ length: CONCURRENT }, work));
    } catch (error) {
      if (!signal.aborted) showError(this.messages, error);
      this.dialog.close();
    }
  }

  cell(values) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "variant" });
    const image = Object.assign(document.createElement("img"), { alt: "" });
    image.width = settings.photo.width;
    image.height = settings.photo.height;
    const caption = Object.assign(document.createElement("span"), { textContent: translate("variantName", { ...values, scale: strokeSize(values.strokes) }) });
    button.append(image, caption);
    button.addEventListener("click", () => {
      this.dialog.close();
      this.chosen(values);
    });
    return { button, image, values };
  }

  async fill({ image, values }, signal) {
    const blob = await getBlob(previewAddress(settings.photo.id, previewFields(SIZE_PX, { ...settings, ...values })), { signal });
    image.src = URL.createObjectURL(blob);
    await image.decode().catch(() => {});
    URL.revokeObjectURL(image.src);
  }
}
