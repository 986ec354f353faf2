// The main module of the static page: turns user input into requests to the worker, and shows its responses.

import "../site-files.js";
import { Camera } from "../shared/camera.js";
import { onFileChosen, onFilesDropped, onFilePasted } from "../shared/dropping.js";
import { offerLanguages, translate } from "../shared/language.js";
import { Messages } from "../shared/messages.js";
import { StyleStrip, sortedStyles } from "../shared/strip.js";
import { Client, chosenProcessor } from "./client.js";
import { CanvasEasel } from "./easel.js";
import { storeOffline, whenReady } from "./offline.js";
import { FileError, openPicture } from "./opening.js";
import "./words.js";

const SIZES = [1, 2, 4, 8, 12]; // megapixels
const OWN_STYLE_PX = 704; // square root of the maximum area at which an added painting is measured
const STROKES = [0.5, 0.7, 1, 1.4, 2];

const ui = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
const parameters = new URLSearchParams(location.search);
const isPhone = matchMedia("(pointer: coarse)").matches;
const most = maxMegapixels();
let photo = null;
let client = null;
let requestTimer = 0;
let startTime = 0;
let isFinished = false;
let ready = null;

const easel = new CanvasEasel({ stage: ui.stage, easel: ui.easel, before: ui.before, after: ui.after, line: ui.line, divider: ui.divider });
const messages = new Messages({ status: ui.status, problem: ui.problem });
const setStatus = (word, values) => messages.setStatus(word, values);
const setProblem = (word, values) => messages.setProblem(word, values);
const strip = new StyleStrip({ strip: ui.strip, search: ui.search, none: ui.none, menus: [ui.second], changed: styleChanged });
const camera = new Camera({
  dialog: ui.camera,
  video: ui.video,
  snap: ui.snap,
  leave: ui.leave,
  file: ui["camera-file"],
  taken: openPhoto,
  failed: () => setProblem("noCamera"),
});

function maxMegapixels() {
  const memory = navigator.deviceMemory ?? (isPhone ? 2 : 8); // gigabytes; not all browsers report it
  return memory >= 8 ? 12 : memory >= 4 ? 4 : 2;
}

// --- texts

function updateTexts() {
  messages.updateTexts();
  ui.before.alt = translate("before");
  ui.after.setAttribute("aria-label", translate("after"));
  for (const option of ui.size.options) option.textContent = translate("megapixels", { n: option.value });
  if (ready) describeProcessor();
}

function describeProcessor() {
  const { processor, threads } = ready;
  const word = processor === "webgpu" ? "onGraphics" : threads > 1 ? "onProcessor" : "onProcessorOne";
  ui.processor.textContent = translate(word, { n: threads });
}

// --- photos

async function openPhoto(file) {
  setProblem("");
  try {
    const opened = await openPicture(file);
    if (photo) URL.revokeObjectURL(photo.url);
    photo = { ...opened, name: (file.name ?? "photo").replace(/\.[^.]*$/, "") };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    setProblem(error.word, error.values);
    return;
  }
  ui.empty.hidden = true;
  ui.another.hidden = ui.again.hidden = false;
  setFinished(false);
  easel.show(photo);
  client?.setPhoto({ blob: photo.blob, width: photo.width, height: photo.height });
  requestBoth();
}

async function addPainting(file) {
  setProblem("");
  try {
    const { blob, url, width, height } = await openPicture(file);
    const name = `own-${Date.now()}`;
    const picture = Object.assign(new Image(), { src: url, alt: "" });
    strip.add({ name, title: file.name?.replace(/\.[^.]*$/, "") || translate("own"), artist: translate("own"), year: "" }, { picture, first: true });
    const maxPx = Math.min(OWN_STYLE_PX, most >= 12 ? OWN_STYLE_PX : 512) ** 2;
    client?.addOwn(name, { blob, width, height, maxPx });
    strip.choose(name);
    styleChanged();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    setProblem(error.word, error.values);
  }
}

// --- requests

function requestPainting(preview) {
  clearTimeout(requestTimer);
  if (!photo || !client || !strip.chosen) return;
  const share = ui.second.value ? Number(ui.share.value) / 100 : 0;
  const styles = [{ name: strip.chosen, share: 1 - share }];
  if (share) styles.push({ name: ui.second.value, share });
  startTime = performance.now();
  setFinished(false);
  client.paint({
    preview,
    styles,
    strength: Number(ui.strength.value),
    styleScale: STROKES[Number(ui.strokes.value) + 2],
    maxPx: Number(ui.size.value) * 1e6,
  });
  if (!preview) setStatus(ready ? "painting" : "loading");
}

// Request the preview first, and the full picture when it has been painted.
let fullAfterPreview = false;

function requestBoth() {
  fullAfterPreview = true;
  requestPainting(true);
}

function styleChanged() {
  ui["share-row"].hidden = !ui.second.value;
  requestBoth();
}

function setFinished(value) {
  isFinished = value;
  ui.png.disabled = ui.jpeg.disabled = !value;
  if (value) ui.progress.hidden = true;
}

// --- responses

function handle(message) {
  if (message.kind === "ready") {
    ready = message;
    document.documentElement.dataset.ready = `${message.processor} ${message.threads}`;
    describeProcessor();
    setStatus(photo ? "painting" : "chooseFirst");
    storeForOfflineUse(message.processor);
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
    setStatus("previewing", { ms: Math.round(milliseconds) });
    if (fullAfterPreview) {
      fullAfterPreview = false;
      requestPainting(false);
    }
    return;
  }
  if (!last) return;
  setFinished(true);
  const values = { w: width, h: height, s: (milliseconds / 1000).toFixed(1), pw: photo.width, ph: photo.height, n: most };
  const isReduced = photo.width * photo.height > 1.02 * width * height;
  setStatus(isReduced ? (Number(ui.size.value) < most ? "reduced" : "reducedMost") : "painted", values);
}

function showProgress(share) {
  ui.progress.hidden = false;
  ui.progress.value = share;
  const seconds = (performance.now() - startTime) / 1000;
  if (share > 0.05 && seconds > 2) setStatus("paintingLeft", { s: Math.ceil((seconds / share) * (1 - share)) });
}

function showFailed({ word, about, detail }) {
  ui.progress.hidden = true;
  if (detail) console.warn(detail); // for debugging
  const smaller = SIZES.filter((size) => size < Number(ui.size.value)).pop();
  if (word === "tooLarge" && about === "paint" && smaller) {
    ui.size.value = smaller;
    setProblem("smallerNow", { n: smaller });
    client.start(); // the memory of a worker does not shrink
    requestPainting(false);
    return;
  }
  setProblem(about === "open" ? "noRuntime" : word);
}

function storeForOfflineUse(processor) {
  const mark = processor === "webgpu" ? /webgpu|asyncify/ : /wasm\.min|threaded\.(mjs|wasm)$/;
  const paths = self.SITE.large.filter((path) => !path.startsWith(self.SITE.runtime) || mark.test(path));
  storeOffline(paths, () => {
    ui.offline.dataset.word = "offlineReady";
    ui.offline.textContent = translate("offlineReady");
  });
}

async function save(type, suffix) {
  if (!isFinished) return;
  const blob = await easel.encode(type);
  const link = Object.assign(document.createElement("a"), {
    href: URL.createObjectURL(blob),
    download: `${photo.name}-${strip.chosen.replace(/^own-\d+$/, "own")}.${suffix}`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// --- user input

function listen() {
  for (const button of [ui.choose, ui.another]) button.addEventListener("click", () => ui["photo-file"].click());
  for (const button of [ui.shoot, ui.again]) button.addEventListener("click", () => camera.open());
  ui.bring.addEventListener("click", () => ui["painting-file"].click());
  onFileChosen(ui["photo-file"], openPhoto);
  onFileChosen(ui["painting-file"], addPainting);
  ui.png.addEventListener("click", () => save("image/png", "png"));
  ui.jpeg.addEventListener("click", () => save("image/jpeg", "jpg"));
  slider(ui.strength, ui["strength-value"], (value) => value);
  slider(ui.strokes, ui["strokes-value"], (value) => `${STROKES[Number(value) + 2]}×`);
  slider(ui.share, ui["share-value"], (value) => `${value} %`);
  ui.size.addEventListener("change", () => requestPainting(false));
  ui.second.addEventListener("change", styleChanged);
  onFilePasted(openPhoto);
  onFilesDropped(ui.veil, (files, target) => {
    const take = target.closest?.(".styles") ? addPainting : openPhoto;
    take(files[0]).then(() => files.length > 1 && !messages.problem && setProblem("onlyOne"));
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s" && isFinished) {
      event.preventDefault();
      save("image/png", "png");
    }
  });
}

// Moving a slider requests a preview, and releasing it the full picture, after a delay because arrow keys release it with every step.
function slider(input, output, textOf) {
  const show = () => (output.textContent = textOf(input.value));
  input.addEventListener("input", () => {
    show();
    fullAfterPreview = false;
    requestPainting(true);
  });
  input.addEventListener("change", () => {
    show();
    clearTimeout(requestTimer);
    requestTimer = setTimeout(() => requestPainting(false), 350);
  });
  show();
}

async function begin() {
  for (const size of SIZES.filter((size) => size <= most)) ui.size.append(new Option("", size));
  ui.size.value = Math.min(most, isPhone ? 2 : 4);
  offerLanguages(ui.language, updateTexts);
  setStatus("loading");
  listen();
  if (!("OffscreenCanvas" in self) || !("WebAssembly" in self)) {
    setProblem("noSupport");
    return;
  }
  await whenReady(() => photo !== null);
  const threads = Number(parameters.get("threads")) || (self.crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency || 1) : 1);
  client = new Client({ processor: await chosenProcessor(parameters.get("processor")), threads, onMessage: handle });
  const response = await fetch(`${self.SITE.data}styles.json`);
  const styles = sortedStyles(await response.json());
  for (const style of styles) strip.add(style);
  strip.choose(styles[0].name);
  ui.bring.disabled = false;
  if (photo) await openPhoto(photo.blob);
}

begin().catch((error) => {
  console.error(error);
  setProblem("noRuntime");
});
