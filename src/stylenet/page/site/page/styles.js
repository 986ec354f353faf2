// The strip of styles: chosen as one of a group, by pointer or arrow keys, and searched by title, painter and year.

import { swatch } from "./swatches.js";

export class StyleStrip {
  /** `changed`: called when another style is chosen. */
  constructor({ strip, search, none, second, changed }) {
    Object.assign(this, { strip, second, changed });
    search.addEventListener("input", () => {
      const words = plain(search.value).split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const label of strip.children) {
        label.hidden = !words.every((word) => label.dataset.words.includes(word));
        shown += !label.hidden;
      }
      none.hidden = shown > 0;
    });
    strip.addEventListener("change", () => this.changed());
    second.addEventListener("change", () => this.changed());
  }

  /** Add a style {name, title, artist, year, colors, mean}; `picture`: an image to show for it. */
  add(style, { picture, first } = {}) {
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
    this.second.append(new Option(style.title, style.name));
    return input;
  }

  /** Choose a style by name. */
  choose(name) {
    const input = this.strip.querySelector(`input[value="${CSS.escape(name)}"]`);
    if (!input) return;
    input.checked = true;
    input.closest("label").scrollIntoView({ block: "nearest", inline: "center" });
  }

  /** The name of the chosen style. */
  get chosen() {
    return this.strip.querySelector("input:checked")?.value;
  }
}

function plain(text) {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
}
