// An easel whose painting is a canvas, because it is computed in the browser.

import { Easel } from "../shared/easel.js";

export class CanvasEasel extends Easel {
  show(photo) {
    this.after.width = this.after.height = 1;
    super.show(photo);
  }

  /** Show the pixels of a painting. */
  paint({ pixels, width, height, transparent }) {
    this.isTransparent = transparent;
    this.after.width = width;
    this.after.height = height;
    this.after.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
    this.setPainted(true);
  }

  /** Encode the painting as a file. Opaque paintings have no alpha channel; JPEG files have a white background. */
  async encode(type) {
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
}
