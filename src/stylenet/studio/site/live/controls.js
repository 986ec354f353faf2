// The controls of the live page, which show and change the settings.

import { translate } from "/shared/language.js";
import { change, settings } from "/settings.js";
import { strokeSize } from "/live/words.js";

const SIZES = [256, 384, 512, 768];
const SLIDERS = { strength: String, strokes: strokeSize, liveSteady: String };

export class LiveControls {
  /** `ui`: the page's elements; `shown()`: called when a change affects only the display. */
  constructor({ ui, shown }) {
    this.ui = ui;
    for (const [name, words] of Object.entries(SLIDERS)) {
      ui[name].addEventListener("input", () => {
        change({ [name]: Number(ui[name].value) });
        ui[`${name}-value`].textContent = words(settings[name]);
      });
    }
    ui.liveSize.addEventListener("change", () => change({ liveSize: Number(ui.liveSize.value) }));
    for (const name of ["liveMirror", "liveInset"]) {
      ui[name].addEventListener("change", () => {
        change({ [name]: ui[name].checked });
        shown();
      });
    }
  }

  /** Show the settings in the current language. */
  updateTexts() {
    const { ui } = this;
    const sizes = [...new Set([...SIZES, settings.liveSize])].sort((a, b) => a - b);
    ui.liveSize.replaceChildren(...sizes.map((size) => new Option(translate("pixels", { n: size }), size)));
    for (const name of [...Object.keys(SLIDERS), "liveSize"]) ui[name].value = settings[name];
    for (const [name, words] of Object.entries(SLIDERS)) ui[`${name}-value`].textContent = words(settings[name]);
    for (const name of ["liveMirror", "liveInset"]) ui[name].checked = settings[name];
  }
}

/** The settings as fields of the API. */
export const liveFields = () => ({
  style: settings.style,
  strength: settings.strength,
  style_scale: 2 ** settings.strokes,
  size: settings.liveSize,
  steady: settings.liveSteady,
});
