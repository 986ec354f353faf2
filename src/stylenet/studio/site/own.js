// Paintings added by the user: uploaded to the server and offered in the strip of styles for as long as the server keeps them.

import { translate } from "/shared/language.js";
import { pictureAddress, upload } from "/server.js";
import { addOwn, change, settings } from "/settings.js";

const SHOWN_PX = 192;
const DEFAULTS = { style: "starry-night", second: "", palette: "", areaStyle: "great-wave" };

export class OwnPaintings {
  constructor(strip) {
    this.strip = strip;
  }

  /** Show the paintings stored in this browser; settings that name a missing style are reset. */
  restore() {
    for (const own of [...settings.own].reverse()) this.show(own);
    for (const [name, style] of Object.entries(DEFAULTS)) if (!this.strip.inputOf(settings[name])) change({ [name]: style });
  }

  /** Add a file as a style and choose it. */
  async add(file) {
    const { id } = await upload(file);
    const title = file.name?.replace(/\.[^.]*$/, "") || translate("own");
    for (const { name } of addOwn({ name: id, title })) this.strip.remove(name);
    change({ style: id });
    this.show({ name: id, title });
    this.strip.choose(id);
  }

  /** Offer the paintings of a job again if they have been dropped meanwhile. */
  recall({ request, pictures }) {
    const names = [...request.styles, request.palette, ...(request.masks ?? []).map((mask) => mask.split("=")[1])];
    for (const name of names) {
      if (!pictures[name] || this.strip.inputOf(name)) continue;
      const title = pictures[name].name.replace(/\.[^.]*$/, "") || translate("own");
      for (const old of addOwn({ name, title })) this.strip.remove(old.name);
      this.show({ name, title });
    }
  }

  /** Remove a painting; settings that name it are reset. */
  forget(id) {
    this.strip.remove(id);
    change({ own: settings.own.filter(({ name }) => name !== id) });
    for (const [name, style] of Object.entries(DEFAULTS)) if (settings[name] === id) change({ [name]: style });
    this.strip.choose(settings.style);
  }

  show({ name, title }) {
    const picture = Object.assign(new Image(), { src: pictureAddress(name, SHOWN_PX, "webp"), alt: "" });
    picture.addEventListener("error", () => this.forget(name)); // the server keeps pictures only for a while
    this.strip.add({ name, title, artist: translate("own"), year: "" }, { picture, first: true });
  }
}
