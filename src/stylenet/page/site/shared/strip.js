// The strip of styles: a radio group that can be searched by title, artist and year.

import { swatch } from "./swatches.js";

const FIRST = ["starry-night", "great-wave", "the-scream", "water-lilies", "dance", "impression-sunrise"]; // the others follow by title

/** The styles in the order of the strip. */
export function sortedStyles(styles) {
  const rank = ({ name }) => (FIRST.indexOf(name) + 1 || FIRST.length + 1) - 1;
  const key = ({ title }) => title.replace(/^The /, "");
  return [...styles].sort((a, b) => rank(a) - rank(b) || key(a).localeCompare(key(b)));
}

export class StyleStrip {
  /** `menus`: <select> elements that also offer the styles; `changed`: called when another style is chosen. */
  constructor({ strip, search, none, menus, changed }) {
    Object.assign(this, { strip, menus });
    search.addEventListener("input", () => {
      const words = plain(search.value).split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const label of strip.children) {
        label.hidden = !words.every((word) => label.dataset.words.includes(word));
        shown += !label.hidden;
      }
      none.hidden = shown > 0;
    });
    strip.addEventListener("change", changed);
  }

  /** Add a style {name, title, artist, year, colors, mean}; `picture`: an image to show instead of a swatch; `first`: whether it goes to the front. */
  add(style, { picture, first } = {}) {
    if (this.inputOf(style.name)) return;
    const label = document.createElement("label");
    label.className = "style";
    label.dataset.words = plain(`${style.title} ${style.artist} ${style.year} ${style.name}`);
    label.title = [style.title, style.artist, style.year].filter(Boolean).join(", ");
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "style", value: style.name });
    input.setAttribute("aria-label", label.title);
    const title = Object.assign(document.createElement("b"), { textContent: style.title });
    const artist = Object.assign(document.createElement("small"), { textContent: style.artist });
    label.append(input, picture ?? swatch(style), title, artist);
    if (first) this.strip.prepend(label);
    else this.strip.append(label);
    for (const menu of this.menus) menu.append(new Option(style.title, style.name));
  }

  /** Remove a style. */
  remove(name) {
    this.inputOf(name)?.closest("label").remove();
    for (const menu of this.menus) for (const option of [...menu.options]) if (option.value === name) option.remove();
  }

  /** Choose a style by name. */
  choose(name) {
    const input = this.inputOf(name);
    if (!input) return;
    input.checked = true;
    const { strip } = this;
    const label = input.closest("label");
    strip.scrollTo({ top: label.offsetTop - strip.offsetTop - 6, left: label.offsetLeft - (strip.clientWidth - label.clientWidth) / 2 });
  }

  /** The name of the chosen style. */
  get chosen() {
    return this.strip.querySelector("input:checked")?.value;
  }

  /** The title of a style. */
  titleOf(name) {
    return this.inputOf(name)?.closest("label").querySelector("b").textContent;
  }

  inputOf(name) {
    return this.strip.querySelector(`input[value="${CSS.escape(name)}"]`);
  }
}

function plain(text) {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
}
