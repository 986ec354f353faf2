// Paintings of the person's own: sent to the server, kept in the strip of styles, and gone when the server no longer has them.

import { say } from "/shared/language.js";
import { pictureAddress, upload } from "/server.js";
import { addOwn, change, settings } from "/settings.js";

const SHOWN_PX = 192;
const USUAL = { style: "starry-night", second: "", palette: "", areaStyle: "great-wave" };

export class OwnPaintings {
  constructor(strip) {
    this.strip = strip;
  }

  /** Show those that this browser remembers; a style that there is no longer becomes the usual one. */
  restore() {
    for (const own of [...settings.own].reverse()) this.show(own);
    for (const [name, usual] of Object.entries(USUAL)) if (!this.strip.inputOf(settings[name])) change({ [name]: usual });
  }

  /** Take a file as a style, and choose it. */
  async add(file) {
    const { id } = await upload(file);
    const title = file.name?.replace(/\.[^.]*$/, "") || say("own");
    for (const { name } of addOwn({ name: id, title })) this.strip.remove(name);
    change({ style: id });
    this.show({ name: id, title });
    this.strip.choose(id);
  }

  /** Offer those of a job again that were forgotten meanwhile. */
  recall({ request, pictures }) {
    const names = [...request.styles, request.palette, ...(request.masks ?? []).map((mask) => mask.split("=")[1])];
    for (const name of names) {
      if (!pictures[name] || this.strip.inputOf(name)) continue;
      const title = pictures[name].name.replace(/\.[^.]*$/, "") || say("own");
      for (const old of addOwn({ name, title })) this.strip.remove(old.name);
      this.show({ name, title });
    }
  }

  /** Offer a painting no longer; what was chosen of it becomes the usual again. */
  forget(id) {
    this.strip.remove(id);
    change({ own: settings.own.filter(({ name }) => name !== id) });
    for (const [name, usual] of Object.entries(USUAL)) if (settings[name] === id) change({ [name]: usual });
    this.strip.choose(settings.style);
  }

  show({ name, title }) {
    const picture = Object.assign(new Image(), { src: pictureAddress(name, SHOWN_PX, "webp"), alt: "" });
    picture.addEventListener("error", () => this.forget(name)); // the server keeps pictures for a while only
    this.strip.add({ name, title, artist: say("own"), year: "" }, { picture, first: true });
  }
}
