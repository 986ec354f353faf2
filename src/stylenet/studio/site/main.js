// The page: a photo, a style, two sliders; a preview that follows them; and paintings that take their time.

import { Latest } from "/latest.js";
import * as server from "/server.js";
import { duration, recipeWord, speak, usualLanguage, word } from "/words.js";

const $ = (id) => document.getElementById(id);
const KEPT = "studio";
const state = { photo: null, style: "starry-night", strength: 50, strokes: 0, colors: "", recipe: "", size: "512", format: "png", job: null, own: [] };
let styles = [];
let recipes = [];
let job = null; // the one that is shown
let source = null;
let said = () => "";

function keep() {
  localStorage.setItem(KEPT, JSON.stringify(state));
}

function say(make, isWrong = false) {
  said = make;
  $("status").textContent = make();
  $("status").classList.toggle("wrong", isWrong);
}

const sayError = (error) => say(() => error.message || word("lost"), true);

function wish() {
  return { photo: state.photo, style: state.style, strength: state.strength, style_scale: 2 ** state.strokes, keep_colors: state.colors || undefined };
}

const previews = new Latest(async (values, isLatest) => {
  try {
    const blob = await server.fetchPreview(server.previewAddress(values));
    if (!isLatest() || job) return;
    show($("after"), URL.createObjectURL(blob));
    say(() => word("preview"));
  } catch (error) {
    if (error.status === 404) forgetPhoto();
    if (error.status !== 409) sayError(error);
  }
});

function show(image, address) {
  const old = image.src;
  image.src = address;
  if (old.startsWith("blob:")) URL.revokeObjectURL(old);
}

function preview() {
  keep();
  if (!state.photo) return;
  leaveJob();
  say(() => word("previewing"));
  previews.ask(wish());
}

async function takePhoto(file) {
  if (!file) return;
  say(() => word("loading"));
  try {
    state.photo = (await server.upload(file)).id;
    showPhoto();
    preview();
  } catch (error) {
    sayError(error);
  }
}

function showPhoto() {
  $("drop").hidden = true;
  $("view").hidden = $("actions").hidden = false;
  // At strength 0 a preview is the photo itself; the file may be gone after a reload.
  show($("before"), server.previewAddress({ ...wish(), strength: 0, keep_colors: undefined }));
}

function forgetPhoto() {
  state.photo = null;
  keep();
  $("drop").hidden = false;
  $("view").hidden = $("actions").hidden = true;
}

async function takePainting(file) {
  if (!file) return;
  try {
    const { id } = await server.upload(file);
    state.own = [{ name: id, title: file.name.replace(/\.\w+$/, ""), colors: [] }, ...state.own.filter((own) => own.name !== id)].slice(0, 8);
    state.style = id;
    listStyles();
    preview();
  } catch (error) {
    sayError(error);
  }
}

function listStyles() {
  const wanted = $("search").value.trim().toLowerCase();
  const box = $("styles");
  box.replaceChildren(box.querySelector("legend"));
  for (const style of [...state.own, ...styles]) {
    const told = `${style.title || style.name} ${style.artist ?? ""} ${style.name} ${style.year ?? ""}`;
    if (wanted && !told.toLowerCase().includes(wanted)) continue;
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "style", value: style.name, checked: style.name === state.style });
    input.addEventListener("change", () => {
      state.style = style.name;
      preview();
    });
    const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
    for (const [color, share] of style.colors.slice(0, 6)) {
      const part = document.createElement("span");
      part.style.setProperty("background", color);
      part.style.setProperty("flex-grow", share);
      swatch.append(part);
    }
    label.append(input, swatch, Object.assign(document.createElement("span"), { textContent: style.title || style.name }));
    label.title = [style.artist, style.year].filter(Boolean).join(", ");
    box.append(label);
    if (input.checked) box.scrollTop = Math.max(0, label.offsetTop - box.offsetTop - label.offsetHeight);
  }
}

function listRecipes() {
  const names = recipes.filter((recipe) => recipe.works_here && recipe.everyday && recipe.name !== "trained").map((recipe) => recipe.name);
  if (!names.includes(state.recipe)) state.recipe = names.includes("standard") ? "standard" : names[0];
  $("recipe").replaceChildren(...names.map((name) => new Option(recipeWord(name), name, false, name === state.recipe)));
}

async function paint() {
  try {
    const { photo, style, strength, style_scale, keep_colors } = wish();
    const size = state.size === "full" ? "full" : Number(state.size);
    const added = await server.addJob({ photo, styles: [style], strength, style_scale, keep_colors, recipe: state.recipe, size, format: state.format });
    follow(added);
  } catch (error) {
    if (error.status === 404) forgetPhoto();
    sayError(error);
  }
}

function follow(added) {
  source?.close();
  job = added;
  state.job = added.id;
  keep();
  $("paint").hidden = $("save").hidden = true;
  $("stop").hidden = $("command").hidden = false;
  $("python").hidden = !added.python;
  $("stop").disabled = false;
  let steps = 0;
  source = server.watch(added.id, (name, values) => {
    if (job?.id !== added.id) return;
    if (name === "queued") say(() => word("queued", values.jobs_before));
    if (name === "started") {
      steps = values.steps;
      say(() => word(steps ? "preparing" : "pass"));
    }
    if (name === "step" || name === "progress") {
      const left = values.seconds_left;
      $("progress").hidden = false;
      $("progress").value = values.share ?? (left === null ? 0 : values.seconds / Math.max(values.seconds + left, 1e-9));
      if (name === "step" && left !== null && !$("stop").disabled) say(() => word("painting", values.step, values.steps, duration(left)));
    }
    if (name === "preview") show($("after"), `/v1/jobs/${added.id}/preview.jpg?step=${values.step}`);
    if (name === "lost") say(() => word("lost"), true);
    if (name === "done") finish(values);
    if (name === "failed") {
      leaveJob();
      sayError({ message: [values.error, values.remedy].filter(Boolean).join("; ") });
    }
    if (name === "stopped") {
      leaveJob();
      say(() => word("ended"));
    }
  });
}

function finish(values) {
  show($("after"), values.output);
  $("save").href = values.output;
  $("save").hidden = $("paint").hidden = false;
  $("stop").hidden = $("progress").hidden = true;
  say(() => (values.reason === "interrupted" ? word("stopped") : word("done", duration(values.seconds))));
  listResults();
}

function leaveJob() {
  source?.close();
  source = job = null;
  state.job = null;
  keep();
  $("paint").hidden = false;
  for (const id of ["stop", "save", "command", "python", "progress", "copied-label"]) $(id).hidden = true;
}

async function copy(text) {
  $("copied").value = text;
  $("copied-label").hidden = false;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    $("copied").focus();
    $("copied").select();
  }
}

async function listResults() {
  const { jobs } = await server.getJson("/v1/jobs");
  const ended = jobs.filter((one) => one.result);
  $("history").hidden = !ended.length;
  $("results").replaceChildren(
    ...ended.slice(0, 24).map((one) => {
      const names = one.request.styles.map((name) => styles.find((style) => style.name === name)?.title || name.slice(0, 12)).join(", ");
      const item = document.createElement("li");
      const link = Object.assign(document.createElement("a"), { href: one.result, download: "" });
      const image = Object.assign(document.createElement("img"), { src: one.result, alt: names, loading: "lazy" });
      link.append(image);
      item.append(link, Object.assign(document.createElement("small"), { textContent: `${names}, ${new Date(one.ended * 1000).toLocaleString(document.documentElement.lang)}` }));
      return item;
    }),
  );
}

function showValues() {
  $("strength-value").textContent = state.strength;
  $("strokes-value").textContent = `× ${(2 ** state.strokes).toLocaleString(undefined, { maximumFractionDigits: 2 })}`;
}

function talk(name) {
  speak(name);
  $("compare").setAttribute("aria-label", word("compare"));
  $("before").alt = word("before");
  $("after").alt = word("after");
  $("search").placeholder = word("search");
  $("status").textContent = said();
  if (!recipes.length) return;
  listRecipes();
  listResults().catch(sayError);
}

function listen() {
  for (const id of ["photo", "another"]) $(id).addEventListener("change", (event) => takePhoto(event.target.files[0]));
  $("own").addEventListener("change", (event) => takePainting(event.target.files[0]));
  $("search").addEventListener("input", listStyles);
  $("language").addEventListener("change", (event) => talk(event.target.value));
  for (const id of ["strength", "strokes"]) {
    $(id).value = state[id];
    $(id).addEventListener("input", () => {
      state[id] = Number($(id).value);
      showValues();
      preview();
    });
  }
  for (const id of ["colors", "recipe", "size", "format"]) {
    $(id).value = state[id];
    $(id).addEventListener("change", () => {
      state[id] = $(id).value;
      if (id === "colors") preview();
      else keep();
    });
  }
  $("compare").addEventListener("input", () => $("view").style.setProperty("--cut", `${$("compare").value}%`));
  $("paint").addEventListener("click", paint);
  $("stop").addEventListener("click", () => {
    $("stop").disabled = true;
    say(() => word("stopping"));
    server.stopJob(job.id).catch(sayError);
  });
  $("command").addEventListener("click", () => copy(job.command));
  $("python").addEventListener("click", () => copy(job.python));
  document.addEventListener("paste", (event) => takePhoto([...event.clipboardData.files].find((file) => file.type.startsWith("image/"))));
  for (const name of ["dragover", "dragleave", "drop"]) {
    $("stage").addEventListener(name, (event) => {
      event.preventDefault();
      $("stage").classList.toggle("over", name === "dragover");
      if (name === "drop") takePhoto(event.dataTransfer.files[0]);
    });
  }
}

async function begin() {
  try {
    Object.assign(state, JSON.parse(localStorage.getItem(KEPT) ?? "{}"));
  } catch {
    // what another version kept
  }
  $("language").value = usualLanguage();
  talk($("language").value);
  try {
    [{ styles }, { recipes }] = await Promise.all([server.getJson("/v1/styles"), server.getJson("/v1/recipes")]);
  } catch (error) {
    sayError(error);
    return;
  }
  listRecipes();
  listStyles();
  listen();
  showValues();
  listResults().catch(sayError);
  if (!state.photo) return;
  const before = state.job;
  showPhoto();
  if (before) {
    try {
      follow(await server.getJson(`/v1/jobs/${before}`));
      return;
    } catch {
      state.job = null;
    }
  }
  preview();
}

begin();
