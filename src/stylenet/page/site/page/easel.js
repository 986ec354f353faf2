// The photo and its painting, one over the other, with a divider between before and after.

export class Easel {
  constructor({ stage, easel, before, after, line, divider }) {
    Object.assign(this, { stage, easel, before, after, line, divider });
    divider.addEventListener("input", () => this.divide());
    new ResizeObserver(() => this.fit()).observe(stage);
  }

  /** Show a photo {url, width, height}, with nothing painted yet. */
  show({ url, width, height }) {
    this.size = { width, height };
    this.before.src = url;
    this.easel.hidden = false;
    this.after.width = this.after.height = 1;
    this.isPainted = false;
    this.divide();
    this.fit();
  }

  /** Show a painting's pixels. */
  paint({ pixels, width, height, transparent }) {
    this.isTransparent = transparent;
    this.after.width = width;
    this.after.height = height;
    this.after.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
    this.isPainted = true;
    this.divide();
  }

  /** The painting as a file, without an alpha channel where nothing is transparent; JPEG has none, and the painting lies on white. */
  async saved(type) {
    let canvas = this.after;
    if (type === "image/jpeg" || !this.isTransparent) {
      canvas = document.createElement("canvas");
      canvas.width = this.after.width;
      canvas.height = this.after.height;
      const context = canvas.getContext("2d", { alpha: false });
      context.fillStyle = "#fff";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.drawImage(this.after, 0, 0);
    }
    return new Promise((resolve) => canvas.toBlob(resolve, type, 0.92));
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
    const tall = narrow ? innerHeight * 0.62 : this.stage.clientHeight;
    const scale = Math.min(this.stage.clientWidth / width, tall / height);
    this.easel.style.width = `${Math.floor(width * scale)}px`;
    this.easel.style.height = `${Math.floor(height * scale)}px`;
  }
}
