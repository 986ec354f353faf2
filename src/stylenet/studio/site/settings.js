// The settings of the user, which are stored in the browser and sent as the fields of previews and jobs.

const STORAGE_KEY = "stylenet-studio";
const MAX_OWN = 8;

/** `photo`: {id, width, height}; `own`: added paintings {name, title}; `area`: {id, name} of the mask; `strokes`: base-2 logarithm of the size. */
export const settings = {
  photo: null,
  style: "starry-night",
  second: "",
  share: 50,
  strength: 50,
  strokes: 0,
  colors: "",
  palette: "",
  paletteColors: ["#264653", "#2a9d8f", "#e9c46a", "#e76f51"],
  recipe: "",
  size: "768",
  area: null,
  areaUse: "keep",
  areaStyle: "great-wave",
  feather: 1,
  liveSize: 384,
  liveSteady: 60,
  liveMirror: true,
  liveInset: true,
  own: [],
  job: null,
};

/** Long sides that can be chosen, in pixels. */
export const SIZES = ["512", "768", "1024", "1536", "2048", "full"];

/** Read the settings stored in this browser. */
export function restore() {
  const found = stored();
  for (const name of Object.keys(settings)) if (name in found) settings[name] = found[name];
}

/** Change settings and store them, keeping changes made in other tabs. */
export function change(values) {
  Object.assign(settings, values);
  localStorage.setItem(STORAGE_KEY, JSON.stringify({ ...stored(), ...values }));
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "{}");
  } catch {
    return {}; // stored by another version
  }
}

/** Add a painting of the user, {name, title}; returns the oldest ones, which are dropped. */
export function addOwn(painting) {
  const own = [painting, ...settings.own.filter(({ name }) => name !== painting.name)];
  change({ own: own.slice(0, MAX_OWN) });
  return own.slice(MAX_OWN);
}

/** The fields of a preview at a size. */
export function previewFields(size, values = settings) {
  const { styles, blend, masks, ...fields } = fieldsOf(values, size);
  return { style: styles, ...(blend && { blend: blend.join(" ") }), ...(masks && { mask: masks }), ...fields, size };
}

/** The fields of a job. */
export function jobFields() {
  const size = settings.size === "full" ? "full" : Number(settings.size);
  const longSide = size === "full" ? Math.max(settings.photo.width, settings.photo.height) : size;
  return { photo: settings.photo.id, ...fieldsOf(settings, longSide), recipe: settings.recipe, size };
}

/** The settings of a job; its area is restored only if the server still has the mask, one of `pictures`. */
export function settingsOf({ request, pictures }) {
  const [style, second = ""] = request.styles;
  const blend = request.blend ?? [0.5, 0.5];
  const palette = request.palette ?? "";
  const isList = palette.includes("#");
  return {
    style,
    second,
    share: Math.round((100 * blend[1]) / (blend[0] + blend[1])),
    strength: request.strength ?? 50,
    strokes: Math.log2(request.style_scale ?? 1),
    colors: palette ? "palette" : (request.keep_colors ?? ""),
    palette: isList ? "" : palette,
    ...(isList && { paletteColors: palette.split(",") }),
    recipe: request.recipe ?? settings.recipe,
    size: SIZES.includes(String(request.size)) ? String(request.size) : settings.size,
    ...areaOf(request, pictures),
  };
}

function areaOf({ masks = [], feather = 0, photo, size }, pictures) {
  const [, inverted, id, style] = /^(invert:)?([0-9a-f]{64})=(.*)$/.exec(masks[0]) ?? [];
  if (!pictures[id] || !pictures[photo]) return { area: null };
  const longSide = Number(size) || Math.max(pictures[photo].width, pictures[photo].height);
  return {
    area: { id, name: pictures[id].name },
    areaUse: style !== "photo" ? "style" : inverted ? "only" : "keep",
    ...(style !== "photo" && { areaStyle: style }),
    feather: Math.round((200 * feather) / longSide) / 2,
  };
}

function fieldsOf(values, longSide) {
  const isBlend = values.second && values.second !== values.style && values.share > 0;
  const fields = {
    styles: isBlend ? [values.style, values.second] : [values.style],
    ...(isBlend && { blend: [100 - values.share, values.share].map((share) => share / 100) }),
    strength: values.strength,
    style_scale: 2 ** values.strokes,
  };
  if (values.colors === "palette") fields.palette = values.palette || values.paletteColors.join(",");
  else if (values.colors) fields.keep_colors = values.colors;
  if (!values.area) return fields;
  fields.masks = [maskOf(values)];
  if (values.feather) fields.feather = Math.round((values.feather / 100) * longSide * 10) / 10;
  return fields;
}

function maskOf({ area, areaUse, areaStyle }) {
  if (areaUse === "style") return `${area.id}=${areaStyle}`;
  return `${areaUse === "only" ? "invert:" : ""}${area.id}=photo`;
}
