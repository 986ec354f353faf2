// A painting that takes its time: its bar, the time left, its picture as it grows, and its end.

import { hasWord, say } from "/shared/language.js";
import { Messages } from "/shared/messages.js";
import { showError } from "/errors.js";
import { ServerError, getJson, stopJob, watch } from "/server.js";
import { duration } from "/words.js";

export class JobView {
  /** `picture(address)`: shows a picture; `ended(job, word, places)`: called with the finished job, and what to say. */
  constructor({ box, progress, status, show, stop, notice, messages, picture, ended }) {
    Object.assign(this, { box, progress, show, stop, notice, messages, picture, ended, job: null });
    this.words = new Messages({ status });
    show.addEventListener("click", () => this.setShown(true));
    stop.addEventListener("click", () => {
      stop.disabled = true;
      this.words.tell("stopping");
      stopJob(this.job.id).catch((error) => showError(messages, error));
    });
  }

  /** Whether there is a job that has not ended. */
  get isRunning() {
    return this.job !== null;
  }

  /** Watch a job to its end. */
  follow(job) {
    this.leave();
    this.job = job;
    this.steps = 0;
    this.latest = "";
    this.box.hidden = false;
    this.stop.disabled = false;
    this.notice.hidden = true;
    this.notice.textContent = "";
    this.progress.removeAttribute("value");
    this.setShown(true);
    this.source = watch(job.id, (name, values) => this.job === job && this.heard(name, values));
  }

  /** Watch no more; the server goes on. */
  leave() {
    this.source?.close();
    this.job = this.source = null;
    this.box.hidden = true;
  }

  /** Whether its picture is to be seen, or a preview of other settings. */
  setShown(isShown) {
    this.isShown = isShown;
    this.show.hidden = isShown || !this.job;
    if (isShown && this.latest) this.picture(this.latest);
  }

  heard(name, values) {
    const isStopping = this.stop.disabled;
    if (name === "queued") this.words.tell(values.jobs_before ? "queued" : "queuedNext", { n: values.jobs_before });
    if (name === "started") {
      this.steps = values.steps;
      this.words.tell(this.steps ? "preparing" : "pass");
      for (const notice of values.notices) this.tellNotice(notice);
    }
    if (name === "notice") this.tellNotice(hasWord(values.code) ? say(values.code, values.values) : values.message);
    if (name === "step" || name === "progress") this.showProgress(values, isStopping);
    if (name === "preview") {
      this.latest = `/v1/jobs/${this.job.id}/preview.jpg?step=${values.step}`;
      if (this.isShown) this.picture(this.latest);
    }
    if (name === "lost") this.words.tell("lost");
    if (name === "done") this.finish(values);
    if (name === "failed") {
      this.leave();
      this.ended(null);
      showError(this.messages, new ServerError(422, values));
    }
    if (name === "stopped") {
      this.leave();
      this.ended(null, "ended");
    }
  }

  // What the server has to say of this job, once each: it is told again when a job is resumed.
  tellNotice(text) {
    if (this.notice.textContent.includes(text)) return;
    this.notice.textContent += `${this.notice.textContent && " · "}${text}`;
    this.notice.hidden = false;
  }

  showProgress({ share, seconds, seconds_left: left, step, steps }, isStopping) {
    if (share !== undefined) this.progress.value = share;
    else if (left !== null) this.progress.value = seconds === undefined ? step / steps : seconds / Math.max(seconds + left, 1e-9);
    if (step && left !== null && !isStopping) this.words.tell("steps", { step, steps, time: () => duration(left) });
  }

  async finish({ seconds, reason, output }) {
    const { id } = this.job;
    const isShown = this.isShown;
    this.leave();
    const job = await getJson(`/v1/jobs/${id}`);
    if (isShown) this.picture(output);
    const word = !isShown ? "later" : reason === "interrupted" ? "stoppedShows" : "shows";
    this.ended(isShown ? job : null, word, { time: () => duration(seconds) });
  }
}
