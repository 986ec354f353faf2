// Pictures a second, and their delay, over the last few seconds.

const SPAN_MS = 3000;
const STALLED_MS = 5000;

export class Rates {
  #shown = [];

  /** Forget everything. */
  clear() {
    this.#shown = [];
  }

  /** Count a picture that is shown `delay` milliseconds after the camera took it. */
  add(delay, now = performance.now()) {
    this.#shown.push({ now, delay });
    while (this.#shown.length > 2 && this.#shown[0].now < now - SPAN_MS) this.#shown.shift();
  }

  /** Whether the last picture was shown long ago. */
  isStalled(now = performance.now()) {
    return this.#shown.length > 0 && this.#shown.at(-1).now < now - STALLED_MS;
  }

  /** Pictures a second and the median delay in milliseconds; null before there are two pictures. */
  get current() {
    const shown = this.#shown;
    if (shown.length < 2) return null;
    const delays = shown.map(({ delay }) => delay).sort((a, b) => a - b);
    return { rate: (1000 * (shown.length - 1)) / (shown.at(-1).now - shown[0].now), delay: delays[delays.length >> 1] };
  }
}
