// Saving a finished painting, and copying it as a command or as Python code.

import { textElement } from "/words.js";

export class Saving {
  /** `box`: the element to fill with links and buttons. */
  constructor(box) {
    this.box = box;
    this.png = textElement("a", "savePng", { className: "button", download: "" });
    this.jpeg = textElement("a", "saveJpeg", { className: "button", download: "" });
    this.command = this.button("copyCommand", () => this.job.command);
    this.python = this.button("copyPython", () => this.job.python);
    this.text = Object.assign(document.createElement("textarea"), { readOnly: true, rows: 3, spellcheck: false });
    this.caption = textElement("span", "copied");
    this.label = Object.assign(document.createElement("label"), { className: "copied", hidden: true });
    this.label.append(this.caption, this.text);
    box.append(this.png, this.jpeg, this.command, this.python, this.label);
  }

  /** Offer a finished job; null: hide the buttons. */
  offer(job) {
    this.job = job;
    this.box.hidden = !job;
    this.label.hidden = true;
    if (!job) return;
    this.png.href = `${job.result}?format=png`;
    this.jpeg.href = `${job.result}?format=jpg`;
    this.python.hidden = !job.python;
  }

  button(word, textOf) {
    const button = textElement("button", word, { type: "button" });
    button.addEventListener("click", () => this.copy(textOf()));
    return button;
  }

  async copy(text) {
    this.text.value = text;
    this.label.hidden = false;
    let word = "copied";
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      word = "copyByHand";
      this.text.focus();
      this.text.select();
    }
    this.caption.replaceWith((this.caption = textElement("span", word)));
  }
}
