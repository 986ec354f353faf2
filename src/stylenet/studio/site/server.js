// The server's interface, as far as the page needs it.

/** The long side of a photo on the screen. */
export const PHOTO_PX = 1024;

const client = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());

/** What the server answers to what it does not do; `code` and `values` are for the page's own words, `message` is in English. */
export class ServerError extends Error {
  constructor(status, body) {
    super([body.error, body.allowed && `allowed: ${body.allowed}`, body.remedy].filter(Boolean).join("; "));
    Object.assign(this, { status, code: body.code, values: body.values ?? {} });
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

export const getBlob = async (path, options) => (await ask(path, options)).blob();

/** Send a picture: {id, width, height, name}. */
export async function upload(file, name = file.name || "photo.png") {
  const plain = name.replace(/[^\x20-\x7e]/g, "-");
  const headers = { "content-type": "application/octet-stream", "stylenet-name": plain };
  return (await ask("/v1/pictures", { method: "PUT", body: file, headers })).json();
}

/** The address of one pass over a picture; `fields` are those of the interface, lists where they may be repeated. */
export function previewAddress(photo, fields) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const each of Array.isArray(value) && name !== "blend" ? value : [value]) query.append(name, each);
  }
  return `/v1/preview/${photo}.jpg?${query}`;
}

/** A picture as it was uploaded: at strength 0, a pass leaves it as it is. */
export const pictureAddress = (id, size, format = "jpg") => previewAddress(id, { style: "starry-night", strength: 0, size, format });

/** The size of a photo as it is seen, upright; the server's numbers are those of the file. */
export async function upright({ id, width, height }) {
  const src = pictureAddress(id, PHOTO_PX);
  const image = Object.assign(new Image(), { src });
  await image.decode().catch(() => ask(src)); // which throws the server's error
  const isTurned = image.naturalWidth > image.naturalHeight !== width > height && width !== height;
  return isTurned ? { id, width: height, height: width } : { id, width, height };
}

/** A preview; a newer one of this page takes the place of one that waits. */
export const getPreview = (address) => getBlob(address, { headers: { "stylenet-client": client } });

export async function addJob(fields) {
  const headers = { "content-type": "application/json" };
  return (await ask("/v1/jobs", { method: "POST", body: JSON.stringify(fields), headers })).json();
}

export const stopJob = (id) => ask(`/v1/jobs/${id}`, { method: "DELETE" });

export const deleteResult = (id) => ask(`/v1/history/${id}`, { method: "DELETE" });

/** Events of a job, `heard(name, values)`; the browser continues after the last one by itself when the connection breaks. */
export function watch(id, heard) {
  const source = new EventSource(`/v1/jobs/${id}/events`);
  const last = ["done", "failed", "stopped"];
  for (const name of ["queued", "started", "step", "progress", "preview", "notice", ...last]) {
    source.addEventListener(name, (event) => {
      if (last.includes(name)) source.close();
      heard(name, JSON.parse(event.data));
    });
  }
  source.addEventListener("error", () => source.readyState !== EventSource.CLOSED && heard("lost", {}));
  return source;
}
