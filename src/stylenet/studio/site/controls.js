// The sliders and menus: their values are those of the settings.

import { say } from "/shared/language.js";
import { SIZES, change, settings } from "/settings.js";
import { RECIPE_NAMES, recipeWords, strokeSize } from "/words.js";

const MOST_COLORS = 8;

export class Controls {
  /** `at`: the page's elements; `recipes`: the names of those that work here; `changed()`: called when the painting is another one. */
  constructor({ at, recipes, changed }) {
    Object.assign(this, { at, changed });
    this.recipes = RECIPE_NAMES.filter((name) => recipes.includes(name));
    at["without-torch"].hidden = this.recipes.length > 1;
    this.slider("strength", String);
    this.slider("strokes", strokeSize);
    this.slider("share", (value) => say("percent", { n: value }));
    this.slider("feather", (value) => say("percent", { n: value }));
    at.brush.addEventListener("input", () => this.show());
    for (const name of ["second", "colors", "palette"]) this.menu(name, true);
    for (const name of ["recipe", "size"]) this.menu(name, false);
    at["palette-colors"].addEventListener("input", () => {
      change({ paletteColors: [...at["palette-colors"].querySelectorAll("input")].map(({ value }) => value) });
      changed();
    });
    this.speak();
  }

  /** Say everything in the language that is chosen. */
  speak() {
    const { at } = this;
    at.recipe.replaceChildren(...this.recipes.map((name) => new Option(recipeWords(name)[0], name)));
    at.size.replaceChildren(...SIZES.map((size) => new Option(size === "full" ? say("full") : say("pixels", { n: size }), size)));
    this.show();
  }

  /** Show the settings. */
  show() {
    const { at } = this;
    if (!this.recipes.includes(settings.recipe)) change({ recipe: this.recipes.includes("refined") ? "refined" : "instant" });
    for (const name of ["strength", "strokes", "share", "feather", "second", "colors", "palette", "recipe", "size"]) {
      at[name].value = settings[name];
      if (this[name]) at[`${name}-value`].textContent = this[name](settings[name]);
    }
    at["recipe-hint"].textContent = recipeWords(settings.recipe)[1];
    at["brush-value"].textContent = say("percent", { n: at.brush.value });
    at["share-row"].hidden = !settings.second;
    at["palette-row"].hidden = settings.colors !== "palette";
    at["palette-colors"].hidden = settings.palette !== "";
    this.showColors();
  }

  slider(name, words) {
    this[name] = words;
    this.at[name].addEventListener("input", () => {
      change({ [name]: Number(this.at[name].value) });
      this.at[`${name}-value`].textContent = words(settings[name]);
      if (name !== "feather" || settings.area) this.changed();
    });
  }

  menu(name, isSeen) {
    this.at[name].addEventListener("change", () => {
      change({ [name]: this.at[name].value });
      this.show();
      if (isSeen) this.changed();
    });
  }

  showColors() {
    const box = this.at["palette-colors"];
    const colors = settings.paletteColors;
    if (box.querySelectorAll("input").length === colors.length) {
      box.querySelectorAll("input").forEach((input, index) => {
        input.value = colors[index];
        input.setAttribute("aria-label", say("paletteColor", { n: index + 1 }));
      });
      return;
    }
    const inputs = colors.map((value) => Object.assign(document.createElement("input"), { type: "color", value }));
    const buttons = [
      this.button("+", "paletteAdd", colors.length >= MOST_COLORS, [...colors, "#888888"]),
      this.button("−", "paletteRemove", colors.length <= 2, colors.slice(0, -1)),
    ];
    box.replaceChildren(...inputs, ...buttons);
    this.showColors();
  }

  button(sign, word, isDisabled, paletteColors) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: sign, disabled: isDisabled });
    button.dataset.label = word;
    button.setAttribute("aria-label", say(word));
    button.addEventListener("click", () => {
      change({ paletteColors });
      this.showColors();
      this.changed();
    });
    return button;
  }
}
