// The photo and its painting, one over the other, with a divider between before and after.

export class Easel {
  /** `after`: the element of the painting; `height()`: pixels that it may take on a narrow screen. */
  constructor({ stage, easel, before, after, line, divider, height = () => innerHeight * 0.62 }) {
    Object.assign(this, { stage, easel, before, after, line, divider, height });
    divider.addEventListener("input", () => this.divide());
    new ResizeObserver(() => this.fit()).observe(stage);
  }

  /** Show a photo {url, width, height}, with nothing painted yet. */
  show({ url, width, height }) {
    this.size = { width, height };
    this.before.src = url;
    this.easel.hidden = false;
    this.setPainted(false);
    this.fit();
  }

  /** Whether there is a painting to compare with. */
  setPainted(isPainted) {
    this.isPainted = isPainted;
    this.divide();
  }

  divide() {
    const place = this.isPainted ? Number(this.divider.value) : 100;
    this.before.style.clipPath = `inset(0 ${100 - place}% 0 0)`;
    this.after.style.clipPath = `inset(0 0 0 ${place}%)`;
    this.line.style.setProperty("--place", `${place}%`);
    this.line.hidden = this.divider.hidden = !this.isPainted;
  }

  // As large as the stage allows: on a phone the stage takes its height from the photo.
  fit() {
    if (!this.size) return;
    const { width, height } = this.size;
    const narrow = matchMedia("(max-width: 860px)").matches;
    const tall = narrow ? this.height() : this.stage.clientHeight;
    const scale = Math.min(this.stage.clientWidth / width, tall / height);
    this.easel.style.width = `${Math.floor(width * scale)}px`;
    this.easel.style.height = `${Math.floor(height * scale)}px`;
  }
}
