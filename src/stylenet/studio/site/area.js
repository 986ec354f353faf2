// Marking an area of the photo with brush, rectangle and eraser, by pointer or keyboard.

const LONG_PX = 1024; // long side of the mask
const MAX_UNDO = 10;
const MARK = [224, 85, 43]; // red, green, blue
const COLOR = `rgb(${MARK.join(" ")})`;
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Area {
  /** `tool()`: "brush", "rectangle" or "eraser"; `brush()`: brush size in percent of the long side; `changed()`: called after each change. */
  constructor({ canvas, cursor, tool, brush, changed }) {
    Object.assign(this, { canvas, cursor, tool, brush, changed, undoStack: [] });
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => this.end());
    canvas.addEventListener("pointerleave", () => (cursor.hidden = true));
    canvas.addEventListener("blur", () => (cursor.hidden = true));
    canvas.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** Clear the area for a photo {width, height}. */
  reset({ width, height }) {
    const scale = Math.min(1, LONG_PX / Math.max(width, height));
    this.canvas.width = Math.max(1, Math.round(width * scale));
    this.canvas.height = Math.max(1, Math.round(height * scale));
    this.undoStack = [];
    this.corner = this.last = null;
    this.position = { x: this.canvas.width / 2, y: this.canvas.height / 2 };
  }

  /** Whether nothing is marked. */
  get isEmpty() {
    const { data } = this.pixels();
    for (let index = 3; index < data.length; index += 4) if (data[index]) return false;
    return true;
  }

  /** Also mark what is white in a picture. */
  add(image) {
    this.saveForUndo();
    const { width, height } = this.canvas;
    const other = new OffscreenCanvas(width, height).getContext("2d");
    other.drawImage(image, 0, 0, width, height);
    const given = other.getImageData(0, 0, width, height).data;
    this.redraw((alpha, index) => Math.max(alpha, given[index]));
    this.changed();
  }

  invert() {
    this.saveForUndo();
    this.redraw((alpha) => 255 - alpha);
    this.changed();
  }

  clear() {
    this.saveForUndo();
    this.redraw(() => 0);
    this.changed();
  }

  undo() {
    const before = this.undoStack.pop();
    if (!before) return;
    this.context.putImageData(before, 0, 0);
    this.changed();
  }

  /** Mark what is white in a picture, without calling `changed`. */
  load(image) {
    const { changed } = this;
    this.changed = () => {};
    this.add(image);
    Object.assign(this, { changed, undoStack: [] });
  }

  /** The mask as a picture: marked areas are white, the rest is black. */
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

  saveForUndo() {
    this.undoStack.push(this.pixels());
    if (this.undoStack.length > MAX_UNDO) this.undoStack.shift();
  }

  // --- pointer

  begin(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.saveForUndo();
    this.position = this.last = this.corner = this.positionOf(event);
    if (this.tool() !== "rectangle") this.stroke(this.position, this.position);
  }

  move(event) {
    this.position = this.positionOf(event);
    this.showCursor();
    if (!this.last) return;
    if (this.tool() === "rectangle") this.rectangle(this.corner, this.position);
    else this.stroke(this.last, this.position);
    this.last = this.position;
  }

  end() {
    if (!this.last) return;
    this.last = this.corner = null;
    this.changed();
  }

  positionOf(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.canvas.width,
      y: ((event.clientY - box.top) / box.height) * this.canvas.height,
    };
  }

  // --- keyboard: the arrow keys move, the space bar marks; a rectangle is marked by two corners

  onKey(event) {
    if (event.key in DIRECTIONS) {
      const [right, down] = DIRECTIONS[event.key];
      const step = Math.max(this.canvas.width, this.canvas.height) * (event.shiftKey ? 0.005 : 0.03);
      this.position = {
        x: Math.min(this.canvas.width, Math.max(0, this.position.x + right * step)),
        y: Math.min(this.canvas.height, Math.max(0, this.position.y + down * step)),
      };
      if (this.corner) this.rectangle(this.corner, this.position);
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
      this.saveForUndo();
      this.corner = this.position;
      return;
    }
    if (this.tool() === "rectangle") {
      this.corner = null;
    } else {
      this.saveForUndo();
      this.stroke(this.position, this.position);
    }
    this.changed();
  }

  // --- drawing

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
    this.context.putImageData(this.undoStack.at(-1), 0, 0);
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
    const size = this.tool() === "rectangle" ? 10 : (this.width() / canvas.width) * canvas.clientWidth;
    cursor.style.setProperty("--wide", `${size}px`);
    cursor.style.left = `${(100 * this.position.x) / canvas.width}%`;
    cursor.style.top = `${(100 * this.position.y) / canvas.height}%`;
  }
}
