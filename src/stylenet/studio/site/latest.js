// One piece of work at a time, and of what was asked meanwhile only the latest.

export class Latest {
  #work;
  #isBusy = false;
  #next;

  /** `work(value, isLatest)`: done for a value; `isLatest()` tells whether nothing newer was asked meanwhile. */
  constructor(work) {
    this.#work = work;
  }

  /** Do the work for a value: now, or after what is being done, unless another is asked first. */
  async ask(value) {
    this.#next = value;
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      while (this.#next !== undefined) {
        const now = this.#next;
        this.#next = undefined;
        await this.#work(now, () => this.#next === undefined);
      }
    } finally {
      this.#isBusy = false;
    }
  }
}
