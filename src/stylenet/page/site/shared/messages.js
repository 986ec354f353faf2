// The status line and the error message of a page. Both are updated when another language is chosen.

import { translate } from "./language.js";

export class Messages {
  /** `status` and `problem`: the elements that show them; `problem` may be omitted. */
  constructor({ status, problem }) {
    this.elements = { status, problem };
    this.status = this.problem = null;
  }

  /** Show a status by the name of its text; "": none. `values` fill the placeholders. */
  setStatus(word, values = {}) {
    this.status = word ? { word, values } : null;
    this.updateTexts();
  }

  /** Show an error by the name of its text; "": none. */
  setProblem(word, values = {}) {
    this.problem = word ? { word, values } : null;
    this.updateTexts();
  }

  /** Show an error as untranslated text. */
  setProblemText(text) {
    this.problem = { text };
    this.updateTexts();
  }

  updateTexts() {
    const textOf = (message) => (message ? (message.text ?? translate(message.word, message.values)) : "");
    const { status, problem } = this.elements;
    status.textContent = textOf(this.status);
    if (!problem) return;
    problem.textContent = textOf(this.problem);
    problem.hidden = !this.problem;
  }
}
