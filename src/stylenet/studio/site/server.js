// The server's interface, as far as the page needs it.

const client = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());

export class ServerError extends Error {
  constructor(status, body) {
    super([body.error, body.allowed, body.remedy].filter(Boolean).join("; "));
    this.status = status;
  }
}

async function ask(path, options = {}) {
  const answer = await fetch(path, options);
  if (answer.ok) return answer;
  let body = { error: `${answer.status}` };
  try {
    body = await answer.json();
  } catch {
    // no JSON: the status has to do
  }
  throw new ServerError(answer.status, body);
}

export const getJson = async (path) => (await ask(path)).json();

export async function upload(file) {
  const name = (file.name || "photo").replace(/[^\x20-\x7e]/g, "-");
  const answer = await ask("/v1/pictures", { method: "PUT", body: file, headers: { "content-type": "application/octet-stream", "stylenet-name": name } });
  return answer.json();
}

export function previewAddress(wish) {
  const query = new URLSearchParams({ style: wish.style, strength: wish.strength, style_scale: wish.style_scale });
  if (wish.keep_colors) query.set("keep_colors", wish.keep_colors);
  return `/v1/preview/${wish.photo}.jpg?${query}`;
}

export const fetchPreview = async (address) => (await ask(address, { headers: { "stylenet-client": client } })).blob();

export async function addJob(fields) {
  const answer = await ask("/v1/jobs", { method: "POST", body: JSON.stringify(fields), headers: { "content-type": "application/json" } });
  return answer.json();
}

export const stopJob = (id) => ask(`/v1/jobs/${id}`, { method: "DELETE" });

// Events of a job; the browser goes on after the last one by itself when the connection breaks.
export function watch(id, tell) {
  const source = new EventSource(`/v1/jobs/${id}/events`);
  for (const name of ["queued", "started", "step", "progress", "preview", "notice", "done", "failed", "stopped"]) {
    source.addEventListener(name, (event) => {
      if (["done", "failed", "stopped"].includes(name)) source.close();
      tell(name, JSON.parse(event.data));
    });
  }
  source.addEventListener("error", () => tell(source.readyState === EventSource.CLOSED ? "closed" : "lost", {}));
  return source;
}
