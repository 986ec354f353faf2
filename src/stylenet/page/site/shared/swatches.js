// Swatches of styles: strokes in the colors of the palette, the same each time.

const WIDTH = 144;
const HEIGHT = 108;

/** A canvas with strokes in the colors of a painting, [["#rrggbb", share], ...]. */
export function swatch({ name, colors, mean }) {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext("2d");
  const random = generator(name);
  context.fillStyle = mean ?? colors[0][0];
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.lineCap = "round";
  const tilt = (random() - 0.5) * 1.6;
  const bend = 0.6 + 1.8 * random();
  for (let stroke = 0; stroke < 150; stroke++) {
    context.strokeStyle = colorAt(colors, random());
    context.globalAlpha = 0.75;
    context.lineWidth = 3 + 9 * random() * (1 - stroke / 220);
    let [x, y] = [WIDTH * (1.2 * random() - 0.1), HEIGHT * (1.2 * random() - 0.1)];
    context.beginPath();
    context.moveTo(x, y);
    for (let step = 0; step < 5; step++) {
      const angle = tilt + bend * Math.sin(x / 41 + tilt * 3) * Math.cos(y / 33);
      x += 7 * Math.cos(angle);
      y += 7 * Math.sin(angle);
      context.lineTo(x, y);
    }
    context.stroke();
  }
  return canvas;
}

function colorAt(colors, position) {
  let sum = colors.reduce((all, [, share]) => all + share, 0) * position;
  for (const [color, share] of colors) if ((sum -= share) <= 0) return color;
  return colors[0][0];
}

function generator(name) {
  let state = [...name].reduce((sum, letter) => (Math.imul(sum, 31) + letter.codePointAt(0)) >>> 0, 7);
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
