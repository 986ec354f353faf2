// The view of a running job: its progress, the time left, and its current picture.

import { hasTranslation, translate } from "/shared/language.js";
import { Messages } from "/shared/messages.js";
import { showError } from "/errors.js";
import { ServerError, getJson, stopJob, watch } from "/server.js";
import { duration } from "/words.js";

export class JobView {
  /** `picture(address)`: shows a picture; `ended(job, word, values)`: called at the end with the finished job, if any, and a status. */
  constructor({ box, progress, status, show, stop, notice, messages, picture, ended }) {
    Object.assign(this, { box, progress, show, stop, notice, messages, picture, ended, job: null, notices: [] });
    this.statusMessage = new Messages({ status });
    show.addEventListener("click", () => this.setShown(true));
    stop.addEventListener("click", () => {
      stop.disabled = true;
      this.statusMessage.setStatus("stopping");
      stopJob(this.job.id).catch((error) => showError(messages, error));
    });
  }

  /** Whether there is a job that has not ended. */
  get isRunning() {
    return this.job !== null;
  }

  /** Follow a job to its end. */
  follow(job) {
    this.unfollow();
    this.job = job;
    this.steps = 0;
    this.latest = "";
    this.box.hidden = false;
    this.stop.disabled = false;
    this.notices = [];
    this.updateTexts();
    this.progress.removeAttribute("value");
    this.setShown(true);
    this.source = watch(job.id, (name, values) => this.job === job && this.onEvent(name, values));
  }

  /** Stop following the job; the server continues to paint it. */
  unfollow() {
    this.source?.close();
    this.job = this.source = null;
    this.box.hidden = true;
  }

  /** Set whether the picture of the job is shown, rather than a preview of other settings. */
  setShown(isShown) {
    this.isShown = isShown;
    this.show.hidden = isShown || !this.job;
    if (isShown && this.latest) this.picture(this.latest);
  }

  onEvent(name, values) {
    const isStopping = this.stop.disabled;
    if (name === "queued") this.statusMessage.setStatus(values.jobs_before ? "queued" : "queuedNext", { n: values.jobs_before });
    if (name === "started") {
      this.steps = values.steps;
      this.statusMessage.setStatus(this.steps ? "preparing" : "pass");
      values.notices.forEach((message, index) => this.addNotice({ message, ...values.notice_codes?.[index] }));
    }
    if (name === "notice") this.addNotice(values);
    if (name === "step" || name === "progress") this.showProgress(values, isStopping);
    if (name === "preview") {
      this.latest = `/v1/jobs/${this.job.id}/preview.jpg?step=${values.step}`;
      if (this.isShown) this.picture(this.latest);
    }
    if (name === "lost") this.statusMessage.setStatus("lost");
    if (name === "done") this.finish(values);
    if (name === "failed") {
      this.unfollow();
      this.ended(null);
      showError(this.messages, new ServerError(422, values));
    }
    if (name === "stopped") {
      this.unfollow();
      this.ended(null, "ended");
    }
  }

  // Show each notice only once; notices are repeated when a job is resumed.
  addNotice(notice) {
    if (this.notices.some(({ message }) => message === notice.message)) return;
    this.notices.push(notice);
    this.updateTexts();
  }

  updateTexts() {
    this.statusMessage.updateTexts();
    const texts = this.notices.map(({ message, code, values }) => (code && hasTranslation(code) ? translate(code, values) : message));
    this.notice.textContent = texts.join(" · ");
    this.notice.hidden = !texts.length;
  }

  showProgress({ share, seconds, seconds_left: left, step, steps }, isStopping) {
    if (share !== undefined) this.progress.value = share;
    else if (left !== null) this.progress.value = seconds === undefined ? step / steps : seconds / Math.max(seconds + left, 1e-9);
    if (step && left !== null && !isStopping) this.statusMessage.setStatus("steps", { step, steps, time: () => duration(left) });
  }

  async finish({ seconds, reason, output }) {
    const { id } = this.job;
    const isShown = this.isShown;
    this.unfollow();
    const job = await getJson(`/v1/jobs/${id}`);
    if (isShown) this.picture(output);
    const word = !isShown ? "later" : reason === "interrupted" ? "stoppedShows" : "shows";
    this.ended(isShown ? job : null, word, { time: () => duration(seconds) });
  }
}
