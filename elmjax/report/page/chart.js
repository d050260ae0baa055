// Curves over time.

const [WIDTH, HEIGHT] = [320, 180];

// series: [{name, x, y}] with null where there is no number.
function chart(title, unit, series, across) {
  const seen = series.flatMap(({ x, y }) => x.map((at, i) => [at, y[i]])).filter(([, value]) => value !== null);
  if (new Set(seen.map(([at]) => at)).size < 2) return null;
  const range = (values, least) => [Math.min(least, ...values), Math.max(...values)];
  const [left, right] = range(seen.map(([at]) => at), Infinity);
  const [low, high] = range(seen.map(([, value]) => value), 0);
  const placeX = (at) => 44 + ((at - left) / (right - left || 1)) * (WIDTH - 54);
  const placeY = (value) => HEIGHT - 34 - ((value - low) / (high - low || 1)) * (HEIGHT - 50);
  const lines = ticks(low, high).flatMap((value) => [
    make("line", { class: "grid", x1: 44, x2: WIDTH - 10, y1: placeY(value), y2: placeY(value) }),
    make("text", { x: 40, y: placeY(value) + 4, "text-anchor": "end" }, short(value)),
  ]);
  const below = ticks(left, right).map((at) =>
    make("text", { x: placeX(at), y: HEIGHT - 18, "text-anchor": "middle" }, short(at)));
  const curves = series.map(({ x, y }, i) =>
    make("path", { class: "curve", stroke: SERIES[i % SERIES.length], d: path(x, y, placeX, placeY) }));
  return make("figure", {},
    make("h3", {}, unit ? `${title} [${unit}]` : title),
    make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title} over ${across}` },
      ...lines, ...below, ...curves,
      make("text", { x: WIDTH / 2, y: HEIGHT - 3, "text-anchor": "middle" }, across)));
}

function path(x, y, placeX, placeY) {
  let drawing = "";
  let pen = "M";
  x.forEach((at, i) => {
    if (y[i] === null) pen = "M";
    else {
      drawing += `${pen}${placeX(at).toFixed(1)} ${placeY(y[i]).toFixed(1)}`;
      pen = "L";
    }
  });
  return drawing;
}

function ticks(low, high) {
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) found.push(at);
  return found;
}

function short(value) {
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  return Math.abs(value) >= 1e4 ? `${Number((value / 1e3).toPrecision(3))}k` : `${Number(value.toPrecision(3))}`;
}

function keys(names) {
  const swatch = (i) => make("i", { style: { background: SERIES[i % SERIES.length] } });
  return make("div", { class: "keys" }, ...names.map((name, i) => make("span", {}, swatch(i), words(name))));
}

function charts(...figures) {
  return make("div", { class: "charts" }, ...figures.filter((figure) => figure !== null));
}

function table(head, rows) {
  const cell = (tag, value) => (value instanceof Node ? value : make(tag, {}, String(value)));
  return make("div", { class: "table" }, make("table", {},
    make("thead", {}, make("tr", {}, ...head.map((name) => cell("th", name)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((value) => cell("td", value)))))));
}
