// Taking a photo: with the camera app on a phone, in a dialog elsewhere.

import { onFileChosen } from "./dropping.js";

/** Calls `taken(blob)` with a photo, or `failed()` if there is no camera. */
export class Camera {
  constructor({ dialog, video, snap, leave, file, taken, failed }) {
    Object.assign(this, { dialog, video, file, failed });
    onFileChosen(file, taken);
    leave.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => this.stop());
    snap.addEventListener("click", () => {
      const canvas = document.createElement("canvas");
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      canvas.getContext("2d").drawImage(video, 0, 0);
      canvas.toBlob((blob) => blob && taken(blob), "image/png");
      dialog.close();
    });
  }

  async open() {
    if (matchMedia("(pointer: coarse)").matches) {
      this.file.click();
      return;
    }
    try {
      const wanted = { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1440 } };
      this.video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wanted });
      this.dialog.showModal();
      await this.video.play();
    } catch {
      this.stop();
      this.dialog.close();
      this.failed();
    }
  }

  stop() {
    for (const track of this.video.srcObject?.getTracks() ?? []) track.stop();
    this.video.srcObject = null;
  }
}
