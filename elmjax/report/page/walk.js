// A walker on its terrain, drawn on a canvas: the view follows the centre of mass.

const VIEW_WIDTH = 30; // m
const CALM = 0.8; // s to either side over which the view's place is averaged

class WalkView {
  constructor(canvas, terrain, seen = () => {}) {
    Object.assign(this, { canvas, terrain, seen, time: 0, speed: 1, playing: false });
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  show(body, track) {
    Object.assign(this, { body, track, time: 0 });
    this.middle = middles(track);
    const across = (axis) => body.joints.map((joint) => joint[axis] / 100);
    this.tall = Math.max(...across(1)) - Math.min(...across(1));
    this.draw();
  }

  play(on) {
    const started = on && !this.playing;
    this.playing = on;
    if (on && this.time >= this.track.seconds) this.time = 0;
    if (started) this.step(performance.now());
    this.seen(this);
  }

  step(before) {
    requestAnimationFrame((now) => {
      if (!this.playing || !this.canvas.isConnected) return;
      this.time += (this.speed * (now - before)) / 1000;
      if (this.time >= this.track.seconds) {
        this.time = this.track.seconds;
        this.playing = false;
      }
      this.draw();
      this.seen(this);
      if (this.playing) this.step(now);
    });
  }

  seek(time) {
    this.time = Math.max(0, Math.min(this.track.seconds, time));
    this.draw();
    this.seen(this);
  }

  draw() {
    const { canvas, track } = this;
    if (!track || !canvas.clientWidth) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    const view = canvas.getContext("2d");
    const scale = Math.min(canvas.width / VIEW_WIDTH, canvas.height / (1.5 * this.tall + 7));
    const frame = this.time * track.rate;
    const [x, y] = this.middle[Math.round(frame)];
    const place = (a, b) => [
      canvas.width / 2 + (a - x) * scale,
      canvas.height * 0.55 - (b - y) * scale,
    ];
    const colours = pageColours();
    const reach = canvas.width / scale;
    drawMarks(view, place, colours, x, reach, canvas.height, ratio, this.middle[0][0]);
    if (this.terrain) drawTerrain(view, place, colours, this.terrain, x, reach);
    drawBody(view, place, colours, this.body, track, frame, scale);
  }
}

// The centre of mass at every frame, averaged over time, so that the view does not tremble.
function middles(track) {
  const exact = Array.from({ length: track.frames }, (_, frame) =>
    [0, 1].map((axis) => {
      let sum = 0;
      for (let joint = 0; joint < track.joints; joint++) sum += track.place(joint, axis, frame);
      return sum / track.joints;
    }),
  );
  const window = Math.round(CALM * track.rate);
  return exact.map((_, frame) => {
    const near = exact.slice(Math.max(0, frame - window), frame + window + 1);
    return [0, 1].map((axis) => near.reduce((sum, at) => sum + at[axis], 0) / near.length);
  });
}

function drawMarks(view, place, colours, x, reach, height, ratio, start) {
  view.lineWidth = ratio;
  view.font = `${11 * ratio}px system-ui, sans-serif`;
  view.textAlign = "center";
  const first = Math.ceil((x - reach - start) / 5);
  for (let mark = first; mark * 5 < x + reach - start; mark++) {
    const [at] = place(start + 5 * mark, 0);
    view.strokeStyle = mark === 0 ? colours.path : colours.faint;
    view.beginPath();
    view.moveTo(at, 0);
    view.lineTo(at, height);
    view.stroke();
    view.fillStyle = colours.soft;
    view.fillText(mark === 0 ? "start" : `${5 * mark} m`, at, 14 * ratio);
  }
}

function drawTerrain(view, place, colours, terrain, x, reach) {
  const far = 1000;
  const solid = (points, beyond) => {
    view.beginPath();
    const [left, right] = [points[0], points[points.length - 1]];
    for (const point of [...points, [right[0], beyond], [left[0], beyond]]) view.lineTo(...place(...point));
    view.closePath();
    view.fill();
    view.stroke();
  };
  view.fillStyle = colours.ground;
  view.strokeStyle = colours["ground-edge"];
  view.lineWidth = 2;
  const [first, last] = [terrain.floor[0], terrain.floor[terrain.floor.length - 1]];
  const floor = [[Math.min(x - reach, first[0]), first[1]], ...terrain.floor, [Math.max(x + reach, last[0]), last[1]]];
  solid(floor, -far);
  for (const ceiling of terrain.ceilings) solid(ceiling, far);
}

function drawBody(view, place, colours, body, track, frame, scale) {
  const at = (joint) => place(track.place(joint, 0, frame), track.place(joint, 1, frame));
  view.lineWidth = Math.max(1, Math.min(0.16 * scale, (1.2 * scale) / Math.sqrt(body.springs.length + 1)));
  view.lineCap = "round";
  for (const [from, to, rigid, , phase] of body.springs) {
    view.strokeStyle = rigid ? colours.rigid : ofPhase(phase);
    view.beginPath();
    view.moveTo(...at(from));
    view.lineTo(...at(to));
    view.stroke();
  }
  view.fillStyle = colours.ink;
  for (let joint = 0; joint < track.joints; joint++) {
    view.beginPath();
    view.arc(...at(joint), content.joint_radius * scale, 0, 2 * Math.PI);
    view.fill();
  }
}

// A canvas with its controls. Space plays and stops, the slider's arrow keys move in time.
function player(terrain, label) {
  const canvas = make("canvas", { role: "img", "aria-label": label });
  const button = make("button", { type: "button", class: "play" }, "Play");
  const slider = make("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": "time" });
  const time = make("span", { class: "soft small" }, "0.0 s");
  const speeds = [0.25, 0.5, 1, 2, 4].map((speed) =>
    make("option", { value: speed, selected: speed === 1 }, `${speed} ×`),
  );
  const speed = make("select", { "aria-label": "speed" }, ...speeds);
  const view = new WalkView(canvas, terrain, () => {
    button.textContent = view.playing ? "Pause" : "Play";
    slider.value = view.track.seconds ? (1000 * view.time) / view.track.seconds : 0;
    time.textContent = `${view.time.toFixed(1)} s`;
  });
  button.addEventListener("click", () => view.play(!view.playing));
  slider.addEventListener("input", () => {
    view.play(false);
    view.seek((slider.value / 1000) * view.track.seconds);
  });
  speed.addEventListener("change", () => (view.speed = Number(speed.value)));
  const box = make("div", { class: "walk" }, canvas, make("div", { class: "row" }, button, slider, time, speed));
  box.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target === button || event.target === speed) return;
    event.preventDefault();
    view.play(!view.playing);
  });
  return { box, view };
}

const moves = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;

function portrait(body, width = 88, height = 72) {
  const canvas = make("canvas", { width: 2 * width, height: 2 * height });
  const [xs, ys] = [0, 1].map((axis) => body.joints.map((joint) => joint[axis] / 100));
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min(canvas.width / (right - left + 2), canvas.height / (high - low + 2));
  const place = (x, y) => [
    canvas.width / 2 + (x - (left + right) / 2) * scale,
    canvas.height / 2 - (y - (low + high) / 2) * scale,
  ];
  drawBody(canvas.getContext("2d"), place, pageColours(), body, still(body), 0, scale);
  return canvas;
}
