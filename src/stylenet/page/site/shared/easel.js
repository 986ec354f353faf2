// A before-and-after view of the photo and its painting, with a movable divider.

export class Easel {
  /** `after`: the element that shows the painting; `height()`: its maximum height in pixels on a narrow screen. */
  constructor({ stage, easel, before, after, line, divider, height = () => innerHeight * 0.62 }) {
    Object.assign(this, { stage, easel, before, after, line, divider, height });
    divider.addEventListener("input", () => this.divide());
    new ResizeObserver(() => this.fit()).observe(stage);
  }

  /** Show a photo {url, width, height} without a painting. */
  show({ url, width, height }) {
    this.size = { width, height };
    this.before.src = url;
    this.easel.hidden = false;
    this.setPainted(false);
    this.fit();
  }

  /** Set whether there is a painting to compare with the photo. */
  setPainted(isPainted) {
    this.isPainted = isPainted;
    this.divide();
  }

  divide() {
    const percent = this.isPainted ? Number(this.divider.value) : 100;
    this.before.style.clipPath = `inset(0 ${100 - percent}% 0 0)`;
    this.after.style.clipPath = `inset(0 0 0 ${percent}%)`;
    this.line.style.setProperty("--place", `${percent}%`);
    this.line.hidden = this.divider.hidden = !this.isPainted;
  }

  // Make the view as large as the stage allows. On a narrow screen, the height of the stage follows the photo.
  fit() {
    if (!this.size) return;
    const { width, height } = this.size;
    const isNarrow = matchMedia("(max-width: 860px)").matches;
    const maxHeight = isNarrow ? this.height() : this.stage.clientHeight;
    const scale = Math.min(this.stage.clientWidth / width, maxHeight / height);
    this.easel.style.width = `${Math.floor(width * scale)}px`;
    this.easel.style.height = `${Math.floor(height * scale)}px`;
  }
}
