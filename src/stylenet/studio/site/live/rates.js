// Frame rate and delay over the last few seconds.

const SPAN_MS = 3000;
const STALLED_MS = 5000;

export class Rates {
  #shown = [];

  /** Reset. */
  clear() {
    this.#shown = [];
  }

  /** Record a frame that is shown `delay` milliseconds after it was captured. */
  add(delay, now = performance.now()) {
    this.#shown.push({ now, delay });
    while (this.#shown.length > 2 && this.#shown[0].now < now - SPAN_MS) this.#shown.shift();
  }

  /** Whether no frame has been shown for a while. */
  isStalled(now = performance.now()) {
    return this.#shown.length > 0 && this.#shown.at(-1).now < now - STALLED_MS;
  }

  /** Frames per second and the median delay in milliseconds; null for fewer than two frames. */
  get current() {
    const shown = this.#shown;
    if (shown.length < 2) return null;
    const delays = shown.map(({ delay }) => delay).sort((a, b) => a - b);
    return { rate: (1000 * (shown.length - 1)) / (shown.at(-1).now - shown[0].now), delay: delays[delays.length >> 1] };
  }
}
