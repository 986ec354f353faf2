// The main module of the live page, which connects its parts.

import { onFileChosen } from "/shared/dropping.js";
import { offerLanguages, translate } from "/shared/language.js";
import { Messages } from "/shared/messages.js";
import { StyleStrip, sortedStyles } from "/shared/strip.js";
import { showError } from "/errors.js";
import { CameraError, LiveCamera, resizeCanvas } from "/live/camera.js";
import { Connection, LostError } from "/live/connection.js";
import { LiveControls, liveFields } from "/live/controls.js";
import { Rates } from "/live/rates.js";
import { ClipRecorder, saveStill } from "/live/recorder.js";
import { LiveSession } from "/live/session.js";
import { clock, rateWords } from "/live/words.js";
import { OwnPaintings } from "/own.js";
import { getJson } from "/server.js";
import { addOwn, change, restore, settings } from "/settings.js";

const RATES_INTERVAL_MS = 500;

const ui = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
const messages = new Messages({ status: ui.status, problem: ui.problem });
const strip = new StyleStrip({ ...ui, menus: [], changed: () => change({ style: strip.chosen }) });
const own = new OwnPaintings(strip);
const controls = new LiveControls({ ui, shown: showCamera });
const rates = new Rates();
const camera = new LiveCamera({ video: ui.video, ended: () => stop("unplugged") });
const recorder = new ClipRecorder({ canvas: ui.painted, failed: (reason) => messages.setProblem("recordFailed", { reason }) });
const session = new LiveSession({
  camera,
  connection: new Connection(),
  wanted: () => ({ size: settings.liveSize, isMirrored: settings.liveMirror, fields: liveFields() }),
  shown: showPainting,
  failed: showFailure,
});
let isOn = false;

// --- the camera

async function start(device) {
  ui.start.disabled = true;
  messages.setProblem("");
  messages.setStatus("asking");
  try {
    await camera.start(device);
    await offerCameras();
  } catch (error) {
    ui.start.disabled = false;
    stop(error instanceof CameraError ? error.word : "noCamera");
    return;
  }
  setOn(true);
  messages.setStatus("opening");
  if (document.hidden) setPaused();
  else session.start();
}

/** Stop everything; `word`: the name of an error text, if there was an error. */
function stop(word = "") {
  recorder.stop();
  session.stop();
  camera.stop();
  if (document.fullscreenElement) document.exitFullscreen();
  setOn(false);
  messages.setStatus("stopped");
  messages.setProblem(word);
  ui.start.focus();
}

function setOn(value) {
  isOn = value;
  ui.start.disabled = false;
  ui.empty.hidden = isOn;
  ui.screen.hidden = ui.tools.hidden = !isOn;
  if (!recorder.isRecording) resizeCanvas(ui.painted, 1, 1);
  ui.record.disabled = ui.still.disabled = true; // until there is a painting
  rates.clear();
  showCamera();
  showRates();
}

async function offerCameras() {
  const found = await camera.list();
  ui["cameras-row"].hidden = found.length < 2;
  ui.cameras.replaceChildren(...found.map(({ id, label }, index) => new Option(label || translate("cameraName", { n: index + 1 }), id)));
  ui.cameras.value = camera.device;
}

async function changeCamera() {
  if (!isOn) return;
  session.stop();
  camera.stop();
  await start(ui.cameras.value);
}

function setPaused() {
  if (!isOn) return;
  camera.pause(document.hidden);
  recorder.pause(document.hidden);
  rates.clear();
  session.stop();
  messages.setStatus(document.hidden ? "paused" : "opening");
  if (!document.hidden) session.start();
}

// --- display

function showCamera() {
  ui.video.classList.toggle("mirrored", settings.liveMirror);
  ui.video.classList.toggle("away", !settings.liveInset);
}

function showPainting(bitmap, delay) {
  const { painted } = ui;
  if (!recorder.isRecording) resizeCanvas(painted, bitmap.width, bitmap.height);
  painted.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0, painted.width, painted.height);
  ui.record.disabled = ui.still.disabled = false;
  rates.add(delay);
  if (messages.status?.word !== "running") messages.setStatus("running");
  if (messages.problem) messages.setProblem("");
}

function showFailure(error) {
  rates.clear();
  if (error instanceof TypeError || error instanceof LostError) {
    messages.setStatus("lost"); // fetch throws a TypeError if the connection fails
  } else if (error.code === "picture-gone") {
    own.forget(settings.style);
    messages.setProblem("expired");
  } else {
    messages.setStatus("busy");
    showError(messages, error);
  }
}

function showRates() {
  if (isOn && rates.isStalled()) {
    rates.clear();
    messages.setStatus("stalled");
  }
  const { current } = rates;
  ui.rates.textContent = isOn && current ? rateWords(current) : "";
  ui.record.textContent = recorder.isRecording ? translate("recording", { time: clock(recorder.seconds) }) : translate("record");
  ui.record.setAttribute("aria-pressed", String(recorder.isRecording));
}

function toggleClip() {
  if (recorder.isRecording) recorder.stop();
  else if (recorder.kind) recorder.start();
  else messages.setProblem("noRecorder");
  showRates();
}

// --- startup

function updateTexts() {
  messages.updateTexts();
  controls.updateTexts();
  showRates();
}

// Apply the settings given by the command line, and remove them from the address, so that later changes persist.
function applyAddress() {
  const address = new URL(location);
  const given = Object.fromEntries(address.searchParams);
  const numbers = { strength: "strength", size: "liveSize", steady: "liveSteady" };
  for (const [name, setting] of Object.entries(numbers)) if (name in given) change({ [setting]: Number(given[name]) });
  if (given.style_scale) change({ strokes: Math.log2(Number(given.style_scale)) });
  if (given.style) change({ style: given.style });
  if (given.title) addOwn({ name: given.style, title: given.title });
  for (const name of [...Object.keys(numbers), "style_scale", "style", "title"]) address.searchParams.delete(name);
  window.history.replaceState(null, "", address);
}

function listen() {
  ui.start.addEventListener("click", async () => {
    await start();
    if (isOn) ui.stop.focus();
  });
  ui.stop.addEventListener("click", () => stop());
  ui.record.addEventListener("click", toggleClip);
  ui.still.addEventListener("click", () => saveStill(ui.painted));
  ui.full.addEventListener("click", () => ui.screen.requestFullscreen());
  ui.full.hidden = !document.fullscreenEnabled;
  ui.cameras.addEventListener("change", changeCamera);
  ui.bring.addEventListener("click", () => ui["painting-file"].click());
  onFileChosen(ui["painting-file"], (file) => own.add(file).catch((error) => showError(messages, error)));
  document.addEventListener("visibilitychange", setPaused);
  addEventListener("beforeunload", (event) => recorder.isRecording && event.preventDefault());
  setInterval(showRates, RATES_INTERVAL_MS);
}

async function begin() {
  restore();
  applyAddress();
  offerLanguages(ui.language, updateTexts);
  messages.setStatus("stopped");
  listen();
  const { styles } = await getJson("/v1/styles");
  for (const style of sortedStyles(styles)) strip.add({ ...style, mean: style.mean_color });
  own.restore();
  strip.choose(settings.style);
  document.documentElement.dataset.ready = "yes";
}

begin().catch(showFailure);
