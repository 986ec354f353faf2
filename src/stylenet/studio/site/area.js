// An area of the photo that is marked by hand: brush, rectangle and eraser, by pointer or by keyboard.

const LONG_PX = 1024; // of the mask's picture
const MOST_UNDO = 10;
const MARK = [224, 85, 43]; // red, green, blue
const COLOR = `rgb(${MARK.join(" ")})`;
const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Area {
  /** `tool()`: "brush", "rectangle" or "eraser"; `brush()`: its size in percent of the long side; `changed()`: called after every mark. */
  constructor({ canvas, cursor, tool, brush, changed }) {
    Object.assign(this, { canvas, cursor, tool, brush, changed, undone: [] });
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => this.end());
    canvas.addEventListener("pointerleave", () => (cursor.hidden = true));
    canvas.addEventListener("blur", () => (cursor.hidden = true));
    canvas.addEventListener("keydown", (event) => this.press(event));
  }

  /** Begin with nothing marked, for a photo {width, height}. */
  reset({ width, height }) {
    const scale = Math.min(1, LONG_PX / Math.max(width, height));
    this.canvas.width = Math.max(1, Math.round(width * scale));
    this.canvas.height = Math.max(1, Math.round(height * scale));
    this.undone = [];
    this.corner = this.last = null;
    this.place = { x: this.canvas.width / 2, y: this.canvas.height / 2 };
  }

  /** Whether nothing is marked. */
  get isEmpty() {
    const { data } = this.pixels();
    for (let index = 3; index < data.length; index += 4) if (data[index]) return false;
    return true;
  }

  /** Mark what is white in a picture, in addition. */
  add(image) {
    this.remember();
    const { width, height } = this.canvas;
    const other = new OffscreenCanvas(width, height).getContext("2d");
    other.drawImage(image, 0, 0, width, height);
    const given = other.getImageData(0, 0, width, height).data;
    this.redraw((alpha, index) => Math.max(alpha, given[index]));
    this.changed();
  }

  invert() {
    this.remember();
    this.redraw((alpha) => 255 - alpha);
    this.changed();
  }

  clear() {
    this.remember();
    this.redraw(() => 0);
    this.changed();
  }

  undo() {
    const before = this.undone.pop();
    if (!before) return;
    this.context.putImageData(before, 0, 0);
    this.changed();
  }

  /** Mark only what is white in a picture; it counts as no change. */
  load(image) {
    const { changed } = this;
    this.changed = () => {};
    this.add(image);
    Object.assign(this, { changed, undone: [] });
  }

  /** The mask as a picture: white where it is marked, on black. */
  async picture() {
    const { data, width, height } = this.pixels();
    for (let index = 0; index < data.length; index += 4) {
      data[index] = data[index + 1] = data[index + 2] = data[index + 3];
      data[index + 3] = 255;
    }
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
  }

  pixels() {
    return this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }

  redraw(alphaOf) {
    const pixels = this.pixels();
    const { data } = pixels;
    for (let index = 0; index < data.length; index += 4) {
      const alpha = alphaOf(data[index + 3], index);
      [data[index], data[index + 1], data[index + 2]] = MARK;
      data[index + 3] = alpha;
    }
    this.context.putImageData(pixels, 0, 0);
  }

  remember() {
    this.undone.push(this.pixels());
    if (this.undone.length > MOST_UNDO) this.undone.shift();
  }

  // --- by pointer

  begin(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.remember();
    this.place = this.last = this.corner = this.placeOf(event);
    if (this.tool() !== "rectangle") this.stroke(this.place, this.place);
  }

  move(event) {
    this.place = this.placeOf(event);
    this.showCursor();
    if (!this.last) return;
    if (this.tool() === "rectangle") this.rectangle(this.corner, this.place);
    else this.stroke(this.last, this.place);
    this.last = this.place;
  }

  end() {
    if (!this.last) return;
    this.last = this.corner = null;
    this.changed();
  }

  placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.canvas.width,
      y: ((event.clientY - box.top) / box.height) * this.canvas.height,
    };
  }

  // --- by keyboard: the arrow keys move, the space bar marks; a rectangle has two corners

  press(event) {
    if (event.key in STEP) {
      const [right, down] = STEP[event.key];
      const step = Math.max(this.canvas.width, this.canvas.height) * (event.shiftKey ? 0.005 : 0.03);
      this.place = {
        x: Math.min(this.canvas.width, Math.max(0, this.place.x + right * step)),
        y: Math.min(this.canvas.height, Math.max(0, this.place.y + down * step)),
      };
      if (this.corner) this.rectangle(this.corner, this.place);
    } else if (event.key === " " || event.key === "Enter") {
      this.mark();
    } else if (event.key === "Escape" && this.corner) {
      this.corner = null;
      this.undo();
    } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
      this.undo();
    } else return;
    event.preventDefault();
    this.showCursor();
  }

  mark() {
    if (this.tool() === "rectangle" && !this.corner) {
      this.remember();
      this.corner = this.place;
      return;
    }
    if (this.tool() === "rectangle") {
      this.corner = null;
    } else {
      this.remember();
      this.stroke(this.place, this.place);
    }
    this.changed();
  }

  // --- marks

  stroke(from, to) {
    const { context } = this;
    context.globalCompositeOperation = this.tool() === "eraser" ? "destination-out" : "source-over";
    Object.assign(context, { lineCap: "round", lineJoin: "round", lineWidth: this.width(), strokeStyle: COLOR });
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x + 0.01, to.y);
    context.stroke();
    context.globalCompositeOperation = "source-over";
  }

  rectangle(from, to) {
    this.context.putImageData(this.undone.at(-1), 0, 0);
    this.context.fillStyle = COLOR;
    this.context.fillRect(Math.min(from.x, to.x), Math.min(from.y, to.y), Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  }

  width() {
    return (this.brush() / 100) * Math.max(this.canvas.width, this.canvas.height);
  }

  showCursor() {
    const { cursor, canvas } = this;
    cursor.hidden = false;
    cursor.classList.toggle("square", this.tool() === "rectangle");
    const wide = this.tool() === "rectangle" ? 10 : (this.width() / canvas.width) * canvas.clientWidth;
    cursor.style.setProperty("--wide", `${wide}px`);
    cursor.style.left = `${(100 * this.place.x) / canvas.width}%`;
    cursor.style.top = `${(100 * this.place.y) / canvas.height}%`;
  }
}
