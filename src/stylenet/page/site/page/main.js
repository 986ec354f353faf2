// The page: what a person does becomes a wish to the worker, and what it answers becomes visible.

import "../site-files.js";
import { Camera } from "../shared/camera.js";
import { takeChosen, takeDropped, takePasted } from "../shared/dropping.js";
import { offerLanguages, say } from "../shared/language.js";
import { Messages } from "../shared/messages.js";
import { StyleStrip, inOrder } from "../shared/strip.js";
import { Client, chosenProcessor } from "./client.js";
import { CanvasEasel } from "./easel.js";
import { keep, settled } from "./offline.js";
import { Refusal, openedPicture } from "./opening.js";
import "./words.js";

const SIZES = [1, 2, 4, 8, 12]; // megapixels
const OWN_LOOK_PX = 704; // root of the area at which a person's own painting is looked at, at most
const STROKES = [0.5, 0.7, 1, 1.4, 2];

const at = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
const asked = new URLSearchParams(location.search);
const phone = matchMedia("(pointer: coarse)").matches;
const most = mostMegapixels();
let photo = null;
let client = null;
let wishTimer = 0;
let begun = 0;
let finished = false;
let ready = null;

const easel = new CanvasEasel({ stage: at.stage, easel: at.easel, before: at.before, after: at.after, line: at.line, divider: at.divider });
const messages = new Messages({ status: at.status, problem: at.problem });
const tell = (word, places) => messages.tell(word, places);
const complain = (word, places) => messages.complain(word, places);
const strip = new StyleStrip({ strip: at.strip, search: at.search, none: at.none, menus: [at.second], changed: styleChanged });
const camera = new Camera({
  dialog: at.camera,
  video: at.video,
  snap: at.snap,
  leave: at.leave,
  file: at["camera-file"],
  taken: takePhoto,
  failed: () => complain("noCamera"),
});

function mostMegapixels() {
  const memory = navigator.deviceMemory ?? (phone ? 2 : 8); // gigabytes; some browsers do not tell
  return memory >= 8 ? 12 : memory >= 4 ? 4 : 2;
}

// --- words

function speak() {
  messages.speak();
  at.before.alt = say("before");
  at.after.setAttribute("aria-label", say("after"));
  for (const option of at.size.options) option.textContent = say("megapixels", { n: option.value });
  if (ready) describeProcessor();
}

function describeProcessor() {
  const { processor, threads } = ready;
  const word = processor === "webgpu" ? "onGraphics" : threads > 1 ? "onProcessor" : "onProcessorOne";
  at.processor.textContent = say(word, { n: threads });
}

// --- photos

async function takePhoto(file) {
  complain("");
  try {
    const opened = await openedPicture(file);
    if (photo) URL.revokeObjectURL(photo.url);
    photo = { ...opened, name: (file.name ?? "photo").replace(/\.[^.]*$/, "") };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    complain(error.word, error.places);
    return;
  }
  at.empty.hidden = true;
  at.another.hidden = at.again.hidden = false;
  setFinished(false);
  easel.show(photo);
  client?.setPhoto({ blob: photo.blob, width: photo.width, height: photo.height });
  wishBoth();
}

async function takePainting(file) {
  complain("");
  try {
    const { blob, url, width, height } = await openedPicture(file);
    const name = `own-${Date.now()}`;
    const picture = Object.assign(new Image(), { src: url, alt: "" });
    strip.add({ name, title: file.name?.replace(/\.[^.]*$/, "") || say("own"), artist: say("own"), year: "" }, { picture, first: true });
    const mostPx = Math.min(OWN_LOOK_PX, most >= 12 ? OWN_LOOK_PX : 512) ** 2;
    client?.addOwn(name, { blob, width, height, mostPx });
    strip.choose(name);
    styleChanged();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    complain(error.word, error.places);
  }
}

// --- wishes

function wish(preview) {
  clearTimeout(wishTimer);
  if (!photo || !client || !strip.chosen) return;
  const share = at.second.value ? Number(at.share.value) / 100 : 0;
  const styles = [{ name: strip.chosen, share: 1 - share }];
  if (share) styles.push({ name: at.second.value, share });
  begun = performance.now();
  setFinished(false);
  client.paint({
    preview,
    styles,
    strength: Number(at.strength.value),
    styleScale: STROKES[Number(at.strokes.value) + 2],
    mostPx: Number(at.size.value) * 1e6,
  });
  if (!preview) tell(ready ? "painting" : "loading");
}

// The preview first, and once it is there the full picture.
let fullAfterPreview = false;

function wishBoth() {
  fullAfterPreview = true;
  wish(true);
}

function styleChanged() {
  at["share-row"].hidden = !at.second.value;
  wishBoth();
}

function setFinished(value) {
  finished = value;
  at.png.disabled = at.jpeg.disabled = !value;
  if (value) at.progress.hidden = true;
}

// --- answers

function heard(message) {
  if (message.kind === "ready") {
    ready = message;
    document.documentElement.dataset.ready = `${message.processor} ${message.threads}`;
    describeProcessor();
    tell(photo ? "painting" : "chooseFirst");
    keepOffline(message.processor);
  }
  if (message.kind === "unfit") localStorage.setItem("stylenet-webgpu", "unfit");
  if (message.kind === "progress") showProgress(message.share);
  if (message.kind === "painted") showPainted(message);
  if (message.kind === "failed") showFailed(message);
}

function showPainted(message) {
  easel.paint(message);
  const { preview, last, width, height, milliseconds } = message;
  document.documentElement.dataset.painted = `${preview ? "preview" : last ? "full" : "part"} ${width}x${height} ${Math.round(milliseconds)}`;
  if (preview) {
    tell("previewing", { ms: Math.round(milliseconds) });
    if (fullAfterPreview) {
      fullAfterPreview = false;
      wish(false);
    }
    return;
  }
  if (!last) return;
  setFinished(true);
  const places = { w: width, h: height, s: (milliseconds / 1000).toFixed(1), pw: photo.width, ph: photo.height, n: most };
  const isReduced = photo.width * photo.height > 1.02 * width * height;
  tell(isReduced ? (Number(at.size.value) < most ? "reduced" : "reducedMost") : "painted", places);
}

function showProgress(share) {
  at.progress.hidden = false;
  at.progress.value = share;
  const seconds = (performance.now() - begun) / 1000;
  if (share > 0.05 && seconds > 2) tell("paintingLeft", { s: Math.ceil((seconds / share) * (1 - share)) });
}

function showFailed({ word, about, detail }) {
  at.progress.hidden = true;
  if (detail) console.warn(detail); // for whoever looks for the cause; the page says it in words
  const smaller = SIZES.filter((size) => size < Number(at.size.value)).pop();
  if (word === "tooLarge" && about === "paint" && smaller) {
    at.size.value = smaller;
    complain("smallerNow", { n: smaller });
    client.start(); // its memory does not shrink by itself
    wish(false);
    return;
  }
  complain(about === "open" ? "noRuntime" : word);
}

function keepOffline(processor) {
  const mark = processor === "webgpu" ? /webgpu|asyncify/ : /wasm\.min|threaded\.(mjs|wasm)$/;
  const paths = self.SITE.large.filter((path) => !path.startsWith(self.SITE.runtime) || mark.test(path));
  keep(paths, () => {
    at.offline.dataset.word = "offlineReady";
    at.offline.textContent = say("offlineReady");
  });
}

async function save(type, ending) {
  if (!finished) return;
  const blob = await easel.saved(type);
  const link = Object.assign(document.createElement("a"), {
    href: URL.createObjectURL(blob),
    download: `${photo.name}-${strip.chosen.replace(/^own-\d+$/, "own")}.${ending}`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// --- what a person does

function listen() {
  for (const button of [at.choose, at.another]) button.addEventListener("click", () => at["photo-file"].click());
  for (const button of [at.shoot, at.again]) button.addEventListener("click", () => camera.open());
  at.bring.addEventListener("click", () => at["painting-file"].click());
  takeChosen(at["photo-file"], takePhoto);
  takeChosen(at["painting-file"], takePainting);
  at.png.addEventListener("click", () => save("image/png", "png"));
  at.jpeg.addEventListener("click", () => save("image/jpeg", "jpg"));
  slider(at.strength, at["strength-value"], (value) => value);
  slider(at.strokes, at["strokes-value"], (value) => `${STROKES[Number(value) + 2]}×`);
  slider(at.share, at["share-value"], (value) => `${value} %`);
  at.size.addEventListener("change", () => wish(false));
  at.second.addEventListener("change", styleChanged);
  takePasted(takePhoto);
  takeDropped(at.veil, (files, target) => {
    const take = target.closest?.(".styles") ? takePainting : takePhoto;
    take(files[0]).then(() => files.length > 1 && !messages.complaint && complain("onlyOne"));
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s" && finished) {
      event.preventDefault();
      save("image/png", "png");
    }
  });
}

// While it slides the preview, on release the full picture. Arrow keys release with every step: the full picture waits a little.
function slider(input, output, shown) {
  const show = () => (output.textContent = shown(input.value));
  input.addEventListener("input", () => {
    show();
    fullAfterPreview = false;
    wish(true);
  });
  input.addEventListener("change", () => {
    show();
    clearTimeout(wishTimer);
    wishTimer = setTimeout(() => wish(false), 350);
  });
  show();
}

async function begin() {
  for (const size of SIZES.filter((size) => size <= most)) at.size.append(new Option("", size));
  at.size.value = Math.min(most, phone ? 2 : 4);
  offerLanguages(at.language, speak);
  tell("loading");
  listen();
  if (!("OffscreenCanvas" in self) || !("WebAssembly" in self)) {
    complain("noSupport");
    return;
  }
  await settled(() => photo !== null);
  const threads = Number(asked.get("threads")) || (self.crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency || 1) : 1);
  client = new Client({ processor: await chosenProcessor(asked.get("processor")), threads, tell: heard });
  const answer = await fetch(`${self.SITE.data}styles.json`);
  const styles = inOrder(await answer.json());
  for (const style of styles) strip.add(style);
  strip.choose(styles[0].name);
  at.bring.disabled = false;
  if (photo) await takePhoto(photo.blob);
}

begin().catch((error) => {
  console.error(error);
  complain("noRuntime");
});
