// The sliders and menus, which show and change the settings.

import { translate } from "/shared/language.js";
import { SIZES, change, settings } from "/settings.js";
import { RECIPE_NAMES, recipeWords, strokeSize } from "/words.js";

const MAX_COLORS = 8;

export class Controls {
  /** `ui`: the page's elements; `recipes`: the names of usable recipes; `changed()`: called when a change affects the painting. */
  constructor({ ui, recipes, changed }) {
    Object.assign(this, { ui, changed });
    this.recipes = RECIPE_NAMES.filter((name) => recipes.includes(name));
    ui["without-torch"].hidden = this.recipes.length > 1;
    this.slider("strength", String);
    this.slider("strokes", strokeSize);
    this.slider("share", (value) => translate("percent", { n: value }));
    this.slider("feather", (value) => translate("percent", { n: value }));
    ui.brush.addEventListener("input", () => this.show());
    for (const name of ["second", "colors", "palette"]) this.menu(name, true);
    for (const name of ["recipe", "size"]) this.menu(name, false);
    ui["palette-colors"].addEventListener("input", () => {
      change({ paletteColors: [...ui["palette-colors"].querySelectorAll("input")].map(({ value }) => value) });
      changed();
    });
    this.updateTexts();
  }

  /** Update all texts to the current language. */
  updateTexts() {
    const { ui } = this;
    ui.recipe.replaceChildren(...this.recipes.map((name) => new Option(recipeWords(name)[0], name)));
    ui.size.replaceChildren(...SIZES.map((size) => new Option(size === "full" ? translate("full") : translate("pixels", { n: size }), size)));
    this.show();
  }

  /** Show the settings. */
  show() {
    const { ui } = this;
    if (!this.recipes.includes(settings.recipe)) change({ recipe: this.recipes.includes("refined") ? "refined" : "instant" });
    for (const name of ["strength", "strokes", "share", "feather", "second", "colors", "palette", "recipe", "size"]) {
      ui[name].value = settings[name];
      if (this[name]) ui[`${name}-value`].textContent = this[name](settings[name]);
    }
    ui["recipe-hint"].textContent = recipeWords(settings.recipe)[1];
    ui["brush-value"].textContent = translate("percent", { n: ui.brush.value });
    ui["share-row"].hidden = !settings.second;
    ui["palette-row"].hidden = settings.colors !== "palette";
    ui["palette-colors"].hidden = settings.palette !== "";
    this.showColors();
  }

  slider(name, words) {
    this[name] = words;
    this.ui[name].addEventListener("input", () => {
      change({ [name]: Number(this.ui[name].value) });
      this.ui[`${name}-value`].textContent = words(settings[name]);
      if (name !== "feather" || settings.area) this.changed();
    });
  }

  menu(name, affectsPreview) {
    this.ui[name].addEventListener("change", () => {
      change({ [name]: this.ui[name].value });
      this.show();
      if (affectsPreview) this.changed();
    });
  }

  showColors() {
    const box = this.ui["palette-colors"];
    const colors = settings.paletteColors;
    if (box.querySelectorAll("input").length === colors.length) {
      box.querySelectorAll("input").forEach((input, index) => {
        input.value = colors[index];
        input.setAttribute("aria-label", translate("paletteColor", { n: index + 1 }));
      });
      return;
    }
    const inputs = colors.map((value) => Object.assign(document.createElement("input"), { type: "color", value }));
    const buttons = [
      this.button("+", "paletteAdd", colors.length >= MAX_COLORS, [...colors, "#888888"]),
      this.button("−", "paletteRemove", colors.length <= 2, colors.slice(0, -1)),
    ];
    box.replaceChildren(...inputs, ...buttons);
    this.showColors();
  }

  button(sign, word, isDisabled, paletteColors) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: sign, disabled: isDisabled });
    button.dataset.label = word;
    button.setAttribute("aria-label", translate(word));
    button.addEventListener("click", () => {
      change({ paletteColors });
      this.showColors();
      this.changed();
    });
    return button;
  }
}
