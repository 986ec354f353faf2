// The page: a photo, a style, and what is painted of them; the parts of the page, brought together.

import { Camera } from "/shared/camera.js";
import { takeChosen, takeDropped, takePasted } from "/shared/dropping.js";
import { Easel } from "/shared/easel.js";
import { offerLanguages, say } from "/shared/language.js";
import { Messages } from "/shared/messages.js";
import { StyleStrip, inOrder } from "/shared/strip.js";
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

const at = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
const messages = new Messages({ status: at.status, problem: at.problem });
const easel = new Easel({ ...at, height: () => innerHeight * 0.46 });
const strip = new StyleStrip({
  ...at,
  menus: [at.second, at["area-style"], at.palette],
  changed: () => {
    change({ style: strip.chosen });
    follow();
  },
});
const own = new OwnPaintings(strip);
const preview = new Preview({
  size: () => Math.max(at.easel.clientWidth, at.easel.clientHeight) * devicePixelRatio,
  picture: (blob) => {
    showAfter(URL.createObjectURL(blob));
    messages.tell("preview");
  },
  failed,
});
const saving = new Saving(at.saving);
const job = new JobView({
  box: at.job,
  progress: at.progress,
  status: at["job-status"],
  show: at.show,
  stop: at.stop,
  notice: at.notice,
  messages,
  picture: (address) => {
    preview.leave();
    showAfter(address);
  },
  ended,
});
const area = new AreaPanel({ at, changed: follow, messages });
const sheet = new Sheet({ dialog: at.sheet, grid: at["sheet-grid"], messages, chosen: takeSettings });
const reuse = (job, withPhoto) => takeJob(job, withPhoto).catch(failed);
const history = new History({ at, titleOf: (name) => strip.titleOf(name), messages, reuse });
const camera = new Camera({
  dialog: at.camera,
  video: at.video,
  snap: at.snap,
  leave: at.leave,
  file: at["camera-file"],
  taken: takePhoto,
  failed: () => messages.complain("noCamera"),
});
let controls = null;

// --- pictures

function showAfter(address) {
  const old = at.after.src;
  at.after.src = address;
  if (old.startsWith("blob:")) URL.revokeObjectURL(old);
  easel.setPainted(true);
}

async function takePhoto(file) {
  messages.complain("");
  messages.tell("loading");
  try {
    const { id, width, height } = await upload(file);
    change({ photo: await upright({ id, width, height }) });
  } catch (error) {
    messages.tell(settings.photo ? "preview" : "hint");
    failed(error);
    return;
  }
  showPhoto();
  area.reset();
  follow();
}

function showPhoto() {
  at.empty.hidden = true;
  at.tools.hidden = false;
  easel.show({ ...settings.photo, url: pictureAddress(settings.photo.id, PHOTO_PX) });
}

function forgetPhoto() {
  change({ photo: null, area: null, job: null });
  preview.leave();
  at.empty.hidden = false;
  at.easel.hidden = at.tools.hidden = true;
  saving.offer(null);
  messages.tell("hint");
}

async function takePainting(file) {
  messages.complain("");
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
    messages.complain("expired");
  } else {
    if (settings.area?.id === id) area.reset();
    own.forget(id);
    controls?.show();
    follow();
    messages.complain("expiredOther");
  }
}

// --- painting

// What is chosen has changed: the preview follows, while a job that runs goes on.
function follow() {
  if (!settings.photo) return;
  saving.offer(null);
  if (job.isRunning) job.setShown(false);
  else change({ job: null });
  messages.tell("previewing");
  messages.complain("");
  preview.follow();
}

function takeSettings(values) {
  change(values);
  strip.choose(settings.style);
  controls.show();
  follow();
}

// The settings of a job; its photo, if that is wanted; and its area, which belongs to its photo.
async function takeJob(job, withPhoto) {
  const { request, pictures } = job;
  own.recall(job);
  if (withPhoto) {
    change({ photo: await upright(pictures[request.photo]) });
    showPhoto();
  }
  const values = settingsOf(job);
  const isSamePhoto = request.photo === settings.photo?.id;
  if (!isSamePhoto) for (const name of ["area", "areaUse", "areaStyle", "feather"]) delete values[name];
  takeSettings(values);
  if (!isSamePhoto) return;
  await area.restore();
  if (request.masks && !values.area) messages.complain("expiredOther");
}

async function paint() {
  at.paint.disabled = true;
  messages.complain("");
  try {
    begin(await addJob(jobFields()));
  } catch (error) {
    at.paint.disabled = false;
    failed(error);
  }
}

function begin(added) {
  preview.leave();
  saving.offer(null);
  change({ job: added.id });
  at.paint.disabled = true;
  messages.tell("");
  job.follow(added);
}

function ended(finished, word, places) {
  at.paint.disabled = false;
  if (!finished) change({ job: null });
  saving.offer(finished);
  if (word) messages.tell(word, places);
  history.refresh().catch(failed);
}

// --- beginning

function speak() {
  messages.speak();
  job.words.speak();
  at.before.alt = say("before");
  at.after.alt = say("after");
  controls?.speak();
  history.list();
}

function listen() {
  for (const button of [at.choose, at.another]) button.addEventListener("click", () => at["photo-file"].click());
  for (const button of [at.shoot, at.again]) button.addEventListener("click", () => camera.open());
  at.bring.addEventListener("click", () => at["painting-file"].click());
  takeChosen(at["photo-file"], takePhoto);
  takeChosen(at["painting-file"], takePainting);
  takePasted(takePhoto);
  takeDropped(at.veil, (files, target) => {
    const take = target.closest?.(".styles") ? takePainting : takePhoto;
    take(files[0]).then(() => files.length > 1 && !messages.complaint && messages.complain("onlyOne"));
  });
  at.paint.addEventListener("click", paint);
  at.variants.addEventListener("click", () => sheet.open());
}

async function start() {
  restore();
  offerLanguages(at.language, speak);
  messages.tell("hint");
  const [{ styles }, { recipes }] = await Promise.all([getJson("/v1/styles"), getJson("/v1/recipes")]);
  for (const style of inOrder(styles)) strip.add({ ...style, mean: style.mean_color });
  own.restore();
  strip.choose(settings.style);
  const works = recipes.filter((recipe) => recipe.works_here && recipe.everyday).map(({ name }) => name);
  controls = new Controls({ at, recipes: works, changed: follow });
  listen();
  await history.refresh();
  if (settings.photo) await resume();
  document.documentElement.dataset.ready = "yes";
}

// What was there before the page was loaded again: the photo, its area, and the job.
async function resume() {
  showPhoto();
  await area.restore().catch(failed);
  if (!settings.photo) return;
  const before = settings.job && (await getJson(`/v1/jobs/${settings.job}`).catch(() => null));
  if (before && !before.error) begin(before);
  else follow();
}

start().catch(failed);
