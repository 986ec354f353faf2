// The main module of the studio, which connects the parts of the page.

import { Camera } from "/shared/camera.js";
import { onFileChosen, onFilesDropped, onFilePasted } from "/shared/dropping.js";
import { Easel } from "/shared/easel.js";
import { offerLanguages, translate } from "/shared/language.js";
import { Messages } from "/shared/messages.js";
import { StyleStrip, sortedStyles } from "/shared/strip.js";
import { AreaPanel } from "/area-panel.js";
import { Controls } from "/controls.js";
import { showError } from "/errors.js";
import { History } from "/history.js";
import { JobView } from "/job.js";
import { OwnPaintings } from "/own.js";
import { Preview } from "/preview.js";
import { Saving } from "/saving.js";
import { PHOTO_PX, addJob, getJson, pictureAddress, upload, upright } from "/server.js";
import { change, jobFields, restore, settings, settingsOf } from "/settings.js";
import { Sheet } from "/sheet.js";
import "/words.js";

const ui = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
const messages = new Messages({ status: ui.status, problem: ui.problem });
const easel = new Easel({ ...ui, height: () => innerHeight * 0.46 });
const strip = new StyleStrip({
  ...ui,
  menus: [ui.second, ui["area-style"], ui.palette],
  changed: () => {
    change({ style: strip.chosen });
    follow();
  },
});
const own = new OwnPaintings(strip);
const preview = new Preview({
  size: () => Math.max(ui.easel.clientWidth, ui.easel.clientHeight) * devicePixelRatio,
  picture: (blob) => {
    showAfter(URL.createObjectURL(blob));
    messages.setStatus("preview");
  },
  failed,
});
const saving = new Saving(ui.saving);
const job = new JobView({
  box: ui.job,
  progress: ui.progress,
  status: ui["job-status"],
  show: ui.show,
  stop: ui.stop,
  notice: ui.notice,
  messages,
  picture: (address) => {
    preview.cancel();
    showAfter(address);
  },
  ended,
});
const area = new AreaPanel({ ui, changed: follow, messages });
const sheet = new Sheet({ dialog: ui.sheet, grid: ui["sheet-grid"], messages, chosen: applySettings });
const reuse = (job, withPhoto) => applyJob(job, withPhoto).catch(failed);
const history = new History({ ui, titleOf: (name) => strip.titleOf(name), messages, reuse });
const camera = new Camera({
  dialog: ui.camera,
  video: ui.video,
  snap: ui.snap,
  leave: ui.leave,
  file: ui["camera-file"],
  taken: openPhoto,
  failed: () => messages.setProblem("noCamera"),
});
let controls = null;

// --- pictures

function showAfter(address) {
  const old = ui.after.src;
  ui.after.src = address;
  if (old.startsWith("blob:")) URL.revokeObjectURL(old);
  easel.setPainted(true);
}

async function openPhoto(file) {
  messages.setProblem("");
  messages.setStatus("loading");
  try {
    const { id, width, height } = await upload(file);
    change({ photo: await upright({ id, width, height }) });
  } catch (error) {
    messages.setStatus(settings.photo ? "preview" : "hint");
    failed(error);
    return;
  }
  showPhoto();
  area.reset();
  follow();
}

function showPhoto() {
  ui.empty.hidden = true;
  ui.tools.hidden = false;
  easel.show({ ...settings.photo, url: pictureAddress(settings.photo.id, PHOTO_PX) });
}

function forgetPhoto() {
  change({ photo: null, area: null, job: null });
  preview.cancel();
  ui.empty.hidden = false;
  ui.easel.hidden = ui.tools.hidden = true;
  saving.offer(null);
  messages.setStatus("hint");
}

async function addPainting(file) {
  messages.setProblem("");
  try {
    await own.add(file);
    follow();
  } catch (error) {
    failed(error);
  }
}

function failed(error) {
  const id = error.code === "picture-gone" && error.values.id;
  if (!id) {
    showError(messages, error);
  } else if (id === settings.photo?.id) {
    forgetPhoto();
    messages.setProblem("expired");
  } else {
    if (settings.area?.id === id) area.reset();
    own.forget(id);
    controls?.show();
    follow();
    messages.setProblem("expiredOther");
  }
}

// --- painting

// Update the preview after a change of the settings; a running job continues.
function follow() {
  if (!settings.photo) return;
  saving.offer(null);
  if (job.isRunning) job.setShown(false);
  else change({ job: null });
  messages.setStatus("previewing");
  messages.setProblem("");
  preview.follow();
}

function applySettings(values) {
  change(values);
  strip.choose(settings.style);
  controls.show();
  follow();
}

// Apply the settings of a job, optionally with its photo; its area is applied only to the same photo.
async function applyJob(job, withPhoto) {
  const { request, pictures } = job;
  own.recall(job);
  if (withPhoto) {
    change({ photo: await upright(pictures[request.photo]) });
    showPhoto();
  }
  const values = settingsOf(job);
  const isSamePhoto = request.photo === settings.photo?.id;
  if (!isSamePhoto) for (const name of ["area", "areaUse", "areaStyle", "feather"]) delete values[name];
  applySettings(values);
  if (!isSamePhoto) return;
  await area.restore();
  if (request.masks && !values.area) messages.setProblem("expiredOther");
}

async function paint() {
  ui.paint.disabled = true;
  messages.setProblem("");
  try {
    begin(await addJob(jobFields()));
  } catch (error) {
    ui.paint.disabled = false;
    failed(error);
  }
}

function begin(added) {
  preview.cancel();
  saving.offer(null);
  change({ job: added.id });
  ui.paint.disabled = true;
  messages.setStatus("");
  job.follow(added);
}

function ended(finished, word, values) {
  ui.paint.disabled = false;
  if (!finished) change({ job: null });
  saving.offer(finished);
  if (word) messages.setStatus(word, values);
  history.refresh().catch(failed);
}

// --- startup

function updateTexts() {
  messages.updateTexts();
  job.updateTexts();
  ui.before.alt = translate("before");
  ui.after.alt = translate("after");
  controls?.updateTexts();
  history.list();
}

function listen() {
  for (const button of [ui.choose, ui.another]) button.addEventListener("click", () => ui["photo-file"].click());
  for (const button of [ui.shoot, ui.again]) button.addEventListener("click", () => camera.open());
  ui.bring.addEventListener("click", () => ui["painting-file"].click());
  onFileChosen(ui["photo-file"], openPhoto);
  onFileChosen(ui["painting-file"], addPainting);
  onFilePasted(openPhoto);
  onFilesDropped(ui.veil, (files, target) => {
    const take = target.closest?.(".styles") ? addPainting : openPhoto;
    take(files[0]).then(() => files.length > 1 && !messages.problem && messages.setProblem("onlyOne"));
  });
  ui.paint.addEventListener("click", paint);
  ui.variants.addEventListener("click", () => sheet.open());
}

async function start() {
  restore();
  offerLanguages(ui.language, updateTexts);
  messages.setStatus("hint");
  const [{ styles }, { recipes }] = await Promise.all([getJson("/v1/styles"), getJson("/v1/recipes")]);
  for (const style of sortedStyles(styles)) strip.add({ ...style, mean: style.mean_color });
  own.restore();
  strip.choose(settings.style);
  const works = recipes.filter((recipe) => recipe.works_here && recipe.everyday).map(({ name }) => name);
  controls = new Controls({ ui, recipes: works, changed: follow });
  listen();
  await history.refresh();
  if (settings.photo) await resume();
  document.documentElement.dataset.ready = "yes";
}

// Restore the state from before a reload: the photo, its area and the job.
async function resume() {
  showPhoto();
  await area.restore().catch(failed);
  if (!settings.photo) return;
  const before = settings.job && (await getJson(`/v1/jobs/${settings.job}`).catch(() => null));
  if (before && !before.error) begin(before);
  else follow();
}

start().catch(failed);
