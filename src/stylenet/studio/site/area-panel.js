// The panel of the marked area: its use, the tools, automatic masks, and the upload of the mask.

import { Area } from "/area.js";
import { showError } from "/errors.js";
import { Latest } from "/latest.js";
import { getBlob, pictureAddress, upload } from "/server.js";
import { change, settings } from "/settings.js";

export class AreaPanel {
  /** `ui`: the page's elements; `changed()`: called when a change affects the painting. */
  constructor({ ui, changed, messages }) {
    Object.assign(this, { ui, changed, messages });
    const tool = () => document.querySelector("input[name=tool]:checked").value;
    const marked = () => this.sending.ask(true).catch((error) => showError(messages, error));
    this.area = new Area({ canvas: ui.area, cursor: ui.cursor, tool, brush: () => Number(ui.brush.value), changed: marked });
    this.sending = new Latest((_, isLatest) => this.send(isLatest));
    ui["area-panel"].addEventListener("toggle", () => this.showCanvas());
    for (const what of ["faces", "subject"]) ui[what].addEventListener("click", () => this.find(what));
    for (const name of ["invert", "undo", "clear"]) ui[name].addEventListener("click", () => this.area[name]());
    ui["save-area"].addEventListener("click", () => this.save());
    this.choice(ui["area-use"], "areaUse");
    this.choice(ui["area-style"], "areaStyle");
  }

  /** Start over with another photo. */
  reset() {
    this.area.reset(settings.photo);
    change({ area: null });
    this.showState();
  }

  /** Redraw the mask that was uploaded before the page was reloaded. */
  async restore() {
    this.area.reset(settings.photo);
    this.showState();
    if (!settings.area) return;
    this.ui["save-area"].disabled = true; // until the mask is drawn
    const size = Math.max(this.ui.area.width, this.ui.area.height);
    this.area.load(await createImageBitmap(await getBlob(pictureAddress(settings.area.id, size, "png"))));
    this.ui["area-panel"].open = true;
    this.showState();
  }

  /** Update the controls from the settings. */
  showState() {
    const { ui, area } = this;
    ui["area-use"].value = settings.areaUse;
    ui["area-style"].value = settings.areaStyle;
    ui["area-style-row"].hidden = settings.areaUse !== "style";
    ui.undo.disabled = !area.undoStack.length;
    ui["save-area"].disabled = !settings.area;
    this.showCanvas();
  }

  showCanvas() {
    this.ui.area.hidden = !settings.photo || !this.ui["area-panel"].open;
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
    const { ui, messages } = this;
    if (!settings.photo) return;
    ui.faces.disabled = ui.subject.disabled = true;
    messages.setProblem("");
    messages.setStatus("finding");
    try {
      const found = await createImageBitmap(await getBlob(`/v1/pictures/${settings.photo.id}/${what}.png`));
      this.area.add(found);
    } catch (error) {
      showError(messages, error);
      messages.setStatus("preview");
    } finally {
      ui.faces.disabled = ui.subject.disabled = false;
    }
  }

  async save() {
    const href = URL.createObjectURL(await this.area.picture());
    Object.assign(document.createElement("a"), { href, download: settings.area.name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  }
}
