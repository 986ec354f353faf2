// The history: all stored paintings with their receipts; each can be saved, reused and deleted.

import { translate } from "/shared/language.js";
import { showError } from "/errors.js";
import { Saving } from "/saving.js";
import { deleteResult, getJson } from "/server.js";
import { settings } from "/settings.js";
import { recipeWords, strokeSize } from "/words.js";

export class History {
  /** `ui`: the page's elements; `titleOf(name)`: the title of a style; `reuse(job, withPhoto)`: applies the settings of a job, optionally with its photo. */
  constructor({ ui, titleOf, reuse, messages }) {
    Object.assign(this, { ui, titleOf, items: [] });
    this.saving = new Saving(ui["result-saving"]);
    for (const button of [ui.reuse, ui.reopen]) {
      button.addEventListener("click", () => {
        ui.result.close();
        reuse(this.opened, button === ui.reopen);
      });
    }
    ui.delete.addEventListener("click", () => this.delete().catch((error) => showError(messages, error)));
  }

  /** Reload the history. */
  async refresh() {
    this.items = (await getJson("/v1/history")).results;
    this.list();
  }

  /** Show the history in the current language. */
  list() {
    const { history, results } = this.ui;
    history.hidden = !this.items.length;
    results.replaceChildren(...this.items.map((item) => this.card(item)));
    if (this.ui.result.open) this.describe();
  }

  card(item) {
    const line = document.createElement("li");
    const button = Object.assign(document.createElement("button"), { type: "button", className: "card" });
    const name = this.nameOf(item);
    const image = Object.assign(document.createElement("img"), { alt: "", loading: "lazy", src: `/v1/jobs/${item.job}/thumbnail.webp` });
    const date = new Date(item.created * 1000).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    const [title, small] = ["b", "small"].map((tag) => document.createElement(tag));
    title.textContent = name;
    small.textContent = date;
    button.setAttribute("aria-label", translate("openResult", { style: name, date }));
    button.append(image, title, small);
    button.addEventListener("click", () => this.open(item));
    line.append(button);
    return line;
  }

  async open(item) {
    this.item = item;
    this.opened = await getJson(`/v1/jobs/${item.job}`);
    this.ui["result-image"].src = item.result;
    this.saving.offer(this.opened);
    const { pictures, request } = this.opened;
    this.ui.reuse.hidden = !settings.photo;
    this.ui.reopen.hidden = request.photo === settings.photo?.id || !pictures[request.photo];
    this.isConfirmed = false;
    this.describe();
    this.ui.result.showModal();
  }

  describe() {
    const { receipt, created } = this.item;
    const { ui } = this;
    ui["result-title"].textContent = ui["result-image"].alt = this.nameOf(this.item);
    const colors = receipt.palette ? "colorsPalette" : COLORS[receipt.keep_colors ?? ""];
    const rows = [
      ["receiptStyle", this.nameOf(this.item)],
      ["receiptRecipe", receipt.recipe && recipeWords(receipt.recipe.name)[0]],
      ["receiptSize", receipt.size && `${receipt.size[0]} × ${receipt.size[1]}`],
      ["receiptStrength", receipt.strength],
      ["receiptStrokes", strokeSize(Math.log2(receipt.style_scale ?? 1))],
      ["receiptColors", colors && translate(colors)],
      ["receiptSeed", receipt.seed],
      ["receiptDate", new Date(created * 1000).toLocaleString(document.documentElement.lang)],
    ];
    const known = rows.filter(([, value]) => value != null && value !== "");
    ui.receipt.replaceChildren(
      ...known.flatMap(([word, value]) => [
        Object.assign(document.createElement("dt"), { textContent: translate(word) }),
        Object.assign(document.createElement("dd"), { textContent: value }),
      ]),
    );
    ui["receipt-whole"].textContent = JSON.stringify(receipt, null, 2);
    ui.delete.textContent = translate(this.isConfirmed ? "deleteSure" : "delete");
  }

  // The first click asks for confirmation, because deleting cannot be undone.
  async delete() {
    if (!this.isConfirmed) {
      this.isConfirmed = true;
      this.describe();
      return;
    }
    await deleteResult(this.item.job);
    this.ui.result.close();
    await this.refresh();
  }

  nameOf({ receipt }) {
    const names = (receipt.styles ?? []).map(({ name }) => this.titleOf(name) ?? (/^[0-9a-f]{64}$/.test(name) ? translate("own") : name));
    return [...new Set(names)].join(" + ") || translate("style");
  }
}

const COLORS = { "": "colorsPainting", luminance: "colorsPhoto", histogram: "colorsHistogram", "mean-covariance": "colorsMean" };
