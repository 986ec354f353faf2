// What the page tells: how things stand, and what is wrong. Both are said again in another language when it is chosen.

import { say } from "./language.js";

export class Messages {
  /** Where it is told; `problem` may be left out. */
  constructor({ status, problem }) {
    Object.assign(this, { status, problem, told: null, complaint: null });
  }

  /** How things stand: a sentence by its name; "" for nothing to tell. */
  tell(word, places = {}) {
    this.told = word ? { word, places } : null;
    this.speak();
  }

  /** What is wrong: a sentence by its name; "" for nothing any more. */
  complain(word, places = {}) {
    this.complaint = word ? { word, places } : null;
    this.speak();
  }

  /** What is wrong, in the words of somebody else. */
  quote(text) {
    this.complaint = { text };
    this.speak();
  }

  speak() {
    const text = (message) => (message ? (message.text ?? say(message.word, message.places)) : "");
    this.status.textContent = text(this.told);
    if (!this.problem) return;
    this.problem.textContent = text(this.complaint);
    this.problem.hidden = !this.complaint;
  }
}
