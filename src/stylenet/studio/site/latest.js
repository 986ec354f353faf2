// Runs one task at a time; of the requests made meanwhile, only the latest is run.

export class Latest {
  #work;
  #isBusy = false;
  #next;

  /** `work(value, isLatest)`: the task; `isLatest()` returns whether no newer value has been requested meanwhile. */
  constructor(work) {
    this.#work = work;
  }

  /** Run the task for a value, now or after the current run; a newer value replaces one that is waiting. */
  async ask(value) {
    this.#next = value;
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      while (this.#next !== undefined) {
        const current = this.#next;
        this.#next = undefined;
        await this.#work(current, () => this.#next === undefined);
      }
    } finally {
      this.#isBusy = false;
    }
  }
}
