// Opening files given by the user: checks that they are still pictures, and determines their size.

const MIN_SIDE_PX = 16;

/** The file cannot be used; `word` is the name of a text. */
export class FileError extends Error {
  constructor(word, values = {}) {
    super(word);
    Object.assign(this, { word, values });
  }
}

/** Open a file with a still picture; returns {blob, url, width, height}, the size being that of the upright picture. */
export async function openPicture(blob) {
  if (!blob.size) throw new FileError("emptyFile");
  const kind = await kindOf(blob);
  if (!kind) throw new FileError("notPicture");
  if (kind.moving) throw new FileError("moving");
  const url = URL.createObjectURL(blob);
  try {
    // The browser reads only the header, so even a photo of 48 megapixels is not decoded here.
    const { naturalWidth: width, naturalHeight: height } = await loaded(url);
    if (Math.min(width, height) < MIN_SIDE_PX) throw new FileError("tiny", { n: MIN_SIDE_PX });
    return { blob, url, width, height };
  } catch (error) {
    URL.revokeObjectURL(url);
    if (error instanceof FileError) throw error;
    throw ["HEIC", "AVIF", "TIFF"].includes(kind.name) ? new FileError("unread", { kind: kind.name }) : new FileError("broken");
  }
}

function loaded(url) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("not read"));
    image.src = url;
  });
}

// The format, determined by the bytes rather than the name: {name, moving}; null if it is not a raster picture.
async function kindOf(blob) {
  const head = new Uint8Array(await blob.slice(0, 64).arrayBuffer());
  const text = (from, to) => String.fromCharCode(...head.slice(from, to));
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return { name: "JPEG" };
  if (text(1, 4) === "PNG" && head[0] === 0x89) return { name: "PNG", moving: await chunkBefore(blob, "acTL", "IDAT") };
  if (text(0, 4) === "GIF8") return { name: "GIF", moving: framesOfGif(new Uint8Array(await blob.arrayBuffer())) > 1 };
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return { name: "WebP", moving: text(12, 16) === "VP8X" && Boolean(head[20] & 2) };
  if (text(0, 2) === "BM") return { name: "BMP" };
  if (["II*\0", "MM\0*"].includes(text(0, 4))) return { name: "TIFF" };
  if (text(4, 8) === "ftyp") {
    const brand = text(8, 12);
    if (brand === "avif") return { name: "AVIF" };
    if (brand === "avis") return { name: "AVIF", moving: true };
    if (["heic", "heix", "heim", "heis", "mif1", "msf1"].includes(brand)) return { name: "HEIC" };
  }
  return null;
}

async function chunkBefore(blob, wanted, end) {
  const head = new TextDecoder("latin1").decode(await blob.slice(0, 2 ** 16).arrayBuffer());
  const place = head.indexOf(wanted);
  const stop = head.indexOf(end);
  return place > 0 && (stop < 0 || place < stop);
}

function framesOfGif(bytes) {
  const table = (flags) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let place = 13 + table(bytes[10]);
  let frames = 0;
  while (place < bytes.length && frames < 2) {
    if (bytes[place] === 0x2c) {
      frames += 1;
      place += 10 + table(bytes[place + 9]) + 1;
    } else if (bytes[place] === 0x21) place += 2;
    else break;
    while (bytes[place]) place += bytes[place] + 1;
    place += 1;
  }
  return frames;
}
