// The page of the camera: its parts, brought together.

import { takeChosen } from "/shared/dropping.js";
import { offerLanguages, say } from "/shared/language.js";
import { Messages } from "/shared/messages.js";
import { StyleStrip, inOrder } from "/shared/strip.js";
import { showError } from "/errors.js";
import { CameraError, LiveCamera, fit } from "/live/camera.js";
import { Connection, LostError } from "/live/connection.js";
import { LiveControls, liveFields } from "/live/controls.js";
import { Rates } from "/live/rates.js";
import { ClipRecorder, saveStill } from "/live/recorder.js";
import { LiveSession } from "/live/session.js";
import { clock, rateWords } from "/live/words.js";
import { OwnPaintings } from "/own.js";
import { getJson } from "/server.js";
import { addOwn, change, restore, settings } from "/settings.js";

const TELL_MS = 500;

const at = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
const messages = new Messages({ status: at.status, problem: at.problem });
const strip = new StyleStrip({ ...at, menus: [], changed: () => change({ style: strip.chosen }) });
const own = new OwnPaintings(strip);
const controls = new LiveControls({ at, shown: showCamera });
const rates = new Rates();
const camera = new LiveCamera({ video: at.video, ended: () => stop("unplugged") });
const recorder = new ClipRecorder({ canvas: at.painted, failed: (reason) => messages.complain("recordFailed", { reason }) });
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
  at.start.disabled = true;
  messages.complain("");
  messages.tell("asking");
  try {
    await camera.start(device);
    await offerCameras();
  } catch (error) {
    at.start.disabled = false;
    stop(error instanceof CameraError ? error.word : "noCamera");
    return;
  }
  setOn(true);
  messages.tell("opening");
  if (document.hidden) setPaused();
  else session.start();
}

/** Stop everything; `word`: what was wrong. */
function stop(word = "") {
  recorder.stop();
  session.stop();
  camera.stop();
  if (document.fullscreenElement) document.exitFullscreen();
  setOn(false);
  messages.tell("stopped");
  messages.complain(word);
  at.start.focus();
}

function setOn(value) {
  isOn = value;
  at.start.disabled = false;
  at.empty.hidden = isOn;
  at.screen.hidden = at.tools.hidden = !isOn;
  if (!recorder.isRecording) fit(at.painted, 1, 1);
  at.record.disabled = at.still.disabled = true; // until there is a painting
  rates.clear();
  showCamera();
  tellRates();
}

async function offerCameras() {
  const found = await camera.list();
  at["cameras-row"].hidden = found.length < 2;
  at.cameras.replaceChildren(...found.map(({ id, label }, index) => new Option(label || say("cameraName", { n: index + 1 }), id)));
  at.cameras.value = camera.device;
}

async function changeCamera() {
  if (!isOn) return;
  session.stop();
  camera.stop();
  await start(at.cameras.value);
}

function setPaused() {
  if (!isOn) return;
  camera.pause(document.hidden);
  recorder.pause(document.hidden);
  rates.clear();
  session.stop();
  messages.tell(document.hidden ? "paused" : "opening");
  if (!document.hidden) session.start();
}

// --- what is seen

function showCamera() {
  at.video.classList.toggle("mirrored", settings.liveMirror);
  at.video.classList.toggle("away", !settings.liveInset);
}

function showPainting(bitmap, delay) {
  const { painted } = at;
  if (!recorder.isRecording) fit(painted, bitmap.width, bitmap.height);
  painted.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0, painted.width, painted.height);
  at.record.disabled = at.still.disabled = false;
  rates.add(delay);
  if (messages.told?.word !== "running") messages.tell("running");
  if (messages.complaint) messages.complain("");
}

function showFailure(error) {
  rates.clear();
  if (error instanceof TypeError || error instanceof LostError) {
    messages.tell("lost"); // what fetch says of a connection that fails
  } else if (error.code === "picture-gone") {
    own.forget(settings.style);
    messages.complain("expired");
  } else {
    messages.tell("busy");
    showError(messages, error);
  }
}

function tellRates() {
  if (isOn && rates.isStalled()) {
    rates.clear();
    messages.tell("stalled");
  }
  const { current } = rates;
  at.rates.textContent = isOn && current ? rateWords(current) : "";
  at.record.textContent = recorder.isRecording ? say("recording", { time: clock(recorder.seconds) }) : say("record");
  at.record.setAttribute("aria-pressed", String(recorder.isRecording));
}

function toggleClip() {
  if (recorder.isRecording) recorder.stop();
  else if (recorder.kind) recorder.start();
  else messages.complain("noRecorder");
  tellRates();
}

// --- beginning

function speak() {
  messages.speak();
  controls.speak();
  tellRates();
}

// What the command line asks for; after that, the page's own settings count.
function takeAddress() {
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
  at.start.addEventListener("click", async () => {
    await start();
    if (isOn) at.stop.focus();
  });
  at.stop.addEventListener("click", () => stop());
  at.record.addEventListener("click", toggleClip);
  at.still.addEventListener("click", () => saveStill(at.painted));
  at.full.addEventListener("click", () => at.screen.requestFullscreen());
  at.full.hidden = !document.fullscreenEnabled;
  at.cameras.addEventListener("change", changeCamera);
  at.bring.addEventListener("click", () => at["painting-file"].click());
  takeChosen(at["painting-file"], (file) => own.add(file).catch((error) => showError(messages, error)));
  document.addEventListener("visibilitychange", setPaused);
  addEventListener("beforeunload", (event) => recorder.isRecording && event.preventDefault());
  setInterval(tellRates, TELL_MS);
}

async function begin() {
  restore();
  takeAddress();
  offerLanguages(at.language, speak);
  messages.tell("stopped");
  listen();
  const { styles } = await getJson("/v1/styles");
  for (const style of inOrder(styles)) strip.add({ ...style, mean: style.mean_color });
  own.restore();
  strip.choose(settings.style);
  document.documentElement.dataset.ready = "yes";
}

begin().catch(showFailure);
