// A client for those parts of the server's API that the page needs.

/** Long side of photos on the screen. */
export const PHOTO_PX = 1024;

const client = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());

/** An error response; `code` and `values` are for translation, `message` is in English. */
export class ServerError extends Error {
  constructor(status, body) {
    super([body.error, body.allowed && `allowed: ${body.allowed}`, body.remedy].filter(Boolean).join("; "));
    Object.assign(this, { status, code: body.code, values: body.values ?? {} });
  }
}

async function request(path, options = {}) {
  const response = await fetch(path, options);
  if (response.ok) return response;
  let body = { error: `${response.status}` };
  try {
    body = await response.json();
  } catch {
    // not JSON: only the status is known
  }
  throw new ServerError(response.status, body);
}

export const getJson = async (path) => (await request(path)).json();

export const getBlob = async (path, options) => (await request(path, options)).blob();

/** Upload a picture; returns {id, width, height, name}. */
export async function upload(file, name = file.name || "photo.png") {
  const asciiName = name.replace(/[^\x20-\x7e]/g, "-");
  const headers = { "content-type": "application/octet-stream", "stylenet-name": asciiName };
  return (await request("/v1/pictures", { method: "PUT", body: file, headers })).json();
}

/** The URL of a preview of a picture; `fields` are those of the API, with arrays for repeated fields. */
export function previewAddress(photo, fields) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const each of Array.isArray(value) && name !== "blend" ? value : [value]) query.append(name, each);
  }
  return `/v1/preview/${photo}.jpg?${query}`;
}

/** The URL of an uploaded picture: a preview at strength 0, which does not change it. */
export const pictureAddress = (id, size, format = "jpg") => previewAddress(id, { style: "starry-night", strength: 0, size, format });

/** A photo with the size of its upright picture; the server returns the size stored in the file. */
export async function upright({ id, width, height }) {
  const src = pictureAddress(id, PHOTO_PX);
  const image = Object.assign(new Image(), { src });
  await image.decode().catch(() => request(src)); // throws the server's error
  const isTurned = image.naturalWidth > image.naturalHeight !== width > height && width !== height;
  return isTurned ? { id, width: height, height: width } : { id, width, height };
}

/** Fetch a preview; it replaces an older waiting preview of this page. */
export const getPreview = (address) => getBlob(address, { headers: { "stylenet-client": client } });

export async function addJob(fields) {
  const headers = { "content-type": "application/json" };
  return (await request("/v1/jobs", { method: "POST", body: JSON.stringify(fields), headers })).json();
}

export const stopJob = (id) => request(`/v1/jobs/${id}`, { method: "DELETE" });

export const deleteResult = (id) => request(`/v1/history/${id}`, { method: "DELETE" });

/** Follow the events of a job with `onEvent(name, values)`; the browser reconnects by itself and continues after the last event. */
export function watch(id, onEvent) {
  const source = new EventSource(`/v1/jobs/${id}/events`);
  const last = ["done", "failed", "stopped"];
  for (const name of ["queued", "started", "step", "progress", "preview", "notice", ...last]) {
    source.addEventListener(name, (event) => {
      if (last.includes(name)) source.close();
      onEvent(name, JSON.parse(event.data));
    });
  }
  source.addEventListener("error", () => source.readyState !== EventSource.CLOSED && onEvent("lost", {}));
  return source;
}
