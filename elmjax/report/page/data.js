// The page's data, what unpacks it, and what makes elements of it. Text of programs becomes text
// nodes, never markup.

const content = JSON.parse(document.getElementById("content").textContent);
const UNITS_PER_METRE = 64;

async function inflate(letters) {
  const packed = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function unpack(letters) {
  return JSON.parse(new TextDecoder().decode(await inflate(letters)));
}

// Positions over time: `place(joint, axis, frame)` in metres, between frames too.
async function unpackTrack({ frames, joints, rate, data }) {
  const bytes = await inflate(data);
  const count = frames * joints * 2;
  const metres = new Float32Array(count);
  for (let row = 0; row < count; row += frames) {
    let sum = 0;
    for (let i = row; i < row + frames; i++) {
      const folded = bytes[i] + 256 * bytes[count + i];
      sum += folded % 2 ? -(folded + 1) / 2 : folded / 2;
      metres[i] = sum / UNITS_PER_METRE;
    }
  }
  const place = (joint, axis, frame) => {
    const row = (axis * joints + joint) * frames;
    const before = Math.min(Math.floor(frame), frames - 1);
    const after = Math.min(before + 1, frames - 1);
    const share = frame - before;
    return metres[row + before] * (1 - share) + metres[row + after] * share;
  };
  return { frames, joints, seconds: (frames - 1) / rate, rate, place };
}

// A body that stands as it was built.
function still(body) {
  const place = (joint, axis) => body.joints[joint][axis] / 100;
  return { frames: 1, joints: body.joints.length, seconds: 0, rate: 1, place };
}

const SVG = new Set(["svg", "g", "rect", "circle", "path", "text", "line"]);

function make(tag, attributes = {}, ...children) {
  const made = SVG.has(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(made.style, value);
    else if (name.startsWith("aria-")) made.setAttribute(name, String(value));
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

const whole = new Intl.NumberFormat("en");

function number(value, digits = 1) {
  if (value === null || value === undefined) return "–";
  if (Number.isInteger(value)) return whole.format(value);
  const shown = Math.abs(value) >= 1000 ? 0 : digits;
  return whole.format(Number(value.toFixed(shown)));
}

// A name for people; of a terrain from a file, the file's.
const words = (name) => name.split("/").pop().replaceAll("_", " ");
