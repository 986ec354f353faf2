// The controls of the camera's page: their values are those of the settings.

import { say } from "/shared/language.js";
import { change, settings } from "/settings.js";
import { strokeSize } from "/live/words.js";

const SIZES = [256, 384, 512, 768];
const SLIDERS = { strength: String, strokes: strokeSize, liveSteady: String };

export class LiveControls {
  /** `at`: the page's elements; `shown()`: called when what is shown changes without another painting. */
  constructor({ at, shown }) {
    this.at = at;
    for (const [name, words] of Object.entries(SLIDERS)) {
      at[name].addEventListener("input", () => {
        change({ [name]: Number(at[name].value) });
        at[`${name}-value`].textContent = words(settings[name]);
      });
    }
    at.liveSize.addEventListener("change", () => change({ liveSize: Number(at.liveSize.value) }));
    for (const name of ["liveMirror", "liveInset"]) {
      at[name].addEventListener("change", () => {
        change({ [name]: at[name].checked });
        shown();
      });
    }
  }

  /** Show the settings, in the language that is chosen. */
  speak() {
    const { at } = this;
    const sizes = [...new Set([...SIZES, settings.liveSize])].sort((a, b) => a - b);
    at.liveSize.replaceChildren(...sizes.map((size) => new Option(say("pixels", { n: size }), size)));
    for (const name of [...Object.keys(SLIDERS), "liveSize"]) at[name].value = settings[name];
    for (const [name, words] of Object.entries(SLIDERS)) at[`${name}-value`].textContent = words(settings[name]);
    for (const name of ["liveMirror", "liveInset"]) at[name].checked = settings[name];
  }
}

/** The settings as the fields of the interface. */
export const liveFields = () => ({
  style: settings.style,
  strength: settings.strength,
  style_scale: 2 ** settings.strokes,
  size: settings.liveSize,
  steady: settings.liveSteady,
});
