// The panel of the marked area: what holds in it, the tools, what the server finds, and the mask that is sent.

import { Area } from "/area.js";
import { showError } from "/errors.js";
import { Latest } from "/latest.js";
import { getBlob, pictureAddress, upload } from "/server.js";
import { change, settings } from "/settings.js";

export class AreaPanel {
  /** `at`: the page's elements; `changed()`: called when the painting is another one by it. */
  constructor({ at, changed, messages }) {
    Object.assign(this, { at, changed, messages });
    const tool = () => document.querySelector("input[name=tool]:checked").value;
    const marked = () => this.sending.ask(true).catch((error) => showError(messages, error));
    this.area = new Area({ canvas: at.area, cursor: at.cursor, tool, brush: () => Number(at.brush.value), changed: marked });
    this.sending = new Latest((_, isLatest) => this.send(isLatest));
    at["area-panel"].addEventListener("toggle", () => this.showCanvas());
    for (const what of ["faces", "subject"]) at[what].addEventListener("click", () => this.find(what));
    for (const name of ["invert", "undo", "clear"]) at[name].addEventListener("click", () => this.area[name]());
    at["save-area"].addEventListener("click", () => this.save());
    this.choice(at["area-use"], "areaUse");
    this.choice(at["area-style"], "areaStyle");
  }

  /** Begin with another photo. */
  reset() {
    this.area.reset(settings.photo);
    change({ area: null });
    this.showState();
  }

  /** Draw the mask again that was sent before the page was loaded. */
  async restore() {
    this.area.reset(settings.photo);
    this.showState();
    if (!settings.area) return;
    this.at["save-area"].disabled = true; // until the mask is drawn
    const size = Math.max(this.at.area.width, this.at.area.height);
    this.area.load(await createImageBitmap(await getBlob(pictureAddress(settings.area.id, size, "png"))));
    this.at["area-panel"].open = true;
    this.showState();
  }

  /** The values of the controls are those of the settings. */
  showState() {
    const { at, area } = this;
    at["area-use"].value = settings.areaUse;
    at["area-style"].value = settings.areaStyle;
    at["area-style-row"].hidden = settings.areaUse !== "style";
    at.undo.disabled = !area.undone.length;
    at["save-area"].disabled = !settings.area;
    this.showCanvas();
  }

  showCanvas() {
    this.at.area.hidden = !settings.photo || !this.at["area-panel"].open;
  }

  choice(select, name) {
    select.addEventListener("change", () => {
      change({ [name]: select.value });
      this.showState();
      if (settings.area) this.changed();
    });
  }

  async send(isLatest) {
    if (this.area.isEmpty) change({ area: null });
    else {
      const name = `mask-${Math.random().toString(16).slice(2, 8)}.png`;
      const info = await upload(await this.area.picture(), name);
      if (!isLatest()) return;
      change({ area: { id: info.id, name: info.name } });
    }
    this.showState();
    this.changed();
  }

  async find(what) {
    const { at, messages } = this;
    if (!settings.photo) return;
    at.faces.disabled = at.subject.disabled = true;
    messages.complain("");
    messages.tell("finding");
    try {
      const found = await createImageBitmap(await getBlob(`/v1/pictures/${settings.photo.id}/${what}.png`));
      this.area.add(found);
    } catch (error) {
      showError(messages, error);
      messages.tell("preview");
    } finally {
      at.faces.disabled = at.subject.disabled = false;
    }
  }

  async save() {
    const href = URL.createObjectURL(await this.area.picture());
    Object.assign(document.createElement("a"), { href, download: settings.area.name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  }
}
