// The history: every painting that the server keeps, with its receipt; each can be saved, used again, and deleted.

import { say } from "/shared/language.js";
import { showError } from "/errors.js";
import { Saving } from "/saving.js";
import { deleteResult, getJson } from "/server.js";
import { settings } from "/settings.js";
import { recipeWords, strokeSize } from "/words.js";

export class History {
  /** `at`: the page's elements; `titleOf(name)`: of a style; `reuse(job, withPhoto)`: takes the settings of a job, and its photo. */
  constructor({ at, titleOf, reuse, messages }) {
    Object.assign(this, { at, titleOf, items: [] });
    this.saving = new Saving(at["result-saving"]);
    for (const button of [at.reuse, at.reopen]) {
      button.addEventListener("click", () => {
        at.result.close();
        reuse(this.opened, button === at.reopen);
      });
    }
    at.delete.addEventListener("click", () => this.delete().catch((error) => showError(messages, error)));
  }

  /** Read the history again. */
  async refresh() {
    this.items = (await getJson("/v1/history")).results;
    this.list();
  }

  /** Show it, in the language that is chosen. */
  list() {
    const { history, results } = this.at;
    history.hidden = !this.items.length;
    results.replaceChildren(...this.items.map((item) => this.card(item)));
    if (this.at.result.open) this.describe();
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
    button.setAttribute("aria-label", say("openResult", { style: name, date }));
    button.append(image, title, small);
    button.addEventListener("click", () => this.open(item));
    line.append(button);
    return line;
  }

  async open(item) {
    this.item = item;
    this.opened = await getJson(`/v1/jobs/${item.job}`);
    this.at["result-image"].src = item.result;
    this.saving.offer(this.opened);
    const { pictures, request } = this.opened;
    this.at.reuse.hidden = !settings.photo;
    this.at.reopen.hidden = request.photo === settings.photo?.id || !pictures[request.photo];
    this.isSure = false;
    this.describe();
    this.at.result.showModal();
  }

  describe() {
    const { receipt, created } = this.item;
    const { at } = this;
    at["result-title"].textContent = at["result-image"].alt = this.nameOf(this.item);
    const colors = receipt.palette ? "colorsPalette" : COLORS[receipt.keep_colors ?? ""];
    const rows = [
      ["receiptStyle", this.nameOf(this.item)],
      ["receiptRecipe", receipt.recipe && recipeWords(receipt.recipe.name)[0]],
      ["receiptSize", receipt.size && `${receipt.size[0]} × ${receipt.size[1]}`],
      ["receiptStrength", receipt.strength],
      ["receiptStrokes", strokeSize(Math.log2(receipt.style_scale ?? 1))],
      ["receiptColors", colors && say(colors)],
      ["receiptSeed", receipt.seed],
      ["receiptDate", new Date(created * 1000).toLocaleString(document.documentElement.lang)],
    ];
    const known = rows.filter(([, value]) => value != null && value !== "");
    at.receipt.replaceChildren(
      ...known.flatMap(([word, value]) => [
        Object.assign(document.createElement("dt"), { textContent: say(word) }),
        Object.assign(document.createElement("dd"), { textContent: value }),
      ]),
    );
    at["receipt-whole"].textContent = JSON.stringify(receipt, null, 2);
    at.delete.textContent = say(this.isSure ? "deleteSure" : "delete");
  }

  // Asked twice: what is deleted is gone.
  async delete() {
    if (!this.isSure) {
      this.isSure = true;
      this.describe();
      return;
    }
    await deleteResult(this.item.job);
    this.at.result.close();
    await this.refresh();
  }

  nameOf({ receipt }) {
    const names = (receipt.styles ?? []).map(({ name }) => this.titleOf(name) ?? (/^[0-9a-f]{64}$/.test(name) ? say("own") : name));
    return [...new Set(names)].join(" + ") || say("style");
  }
}

const COLORS = { "": "colorsPainting", luminance: "colorsPhoto", histogram: "colorsHistogram", "mean-covariance": "colorsMean" };
