// An archive: its niches as maps, by slices of the last measure or as the best along each measure.

const SIDE = 120; // of a panel, in its own units
const SLICES = 12; // of a tessellation, whose cells have no bins

class ArchiveMap {
  constructor(archive, choose) {
    this.archive = archive;
    this.choose = choose;
    this.best = Math.max(0, ...archive.elites.map((elite) => elite.fitness));
    this.box = make("div", { class: "panels", tabindex: 0, role: "application",
      "aria-label": "archive; arrow keys move, page keys change the slice",
      onkeydown: (event) => this.move(event) });
    this.box.addEventListener("click", (event) => {
      const index = event.target.dataset.elite;
      if (index !== undefined) this.pick(Number(index));
    });
  }

  draw(view) {
    const [height, width, mass] = [0, 1, 2];
    const panels = view === "slices" ? this.slices() : [
      this.projection(mass, width, height), this.projection(height, mass, width), this.projection(width, mass, height),
    ];
    this.box.classList.toggle("wide", view !== "slices");
    this.box.replaceChildren(...panels);
    this.mark();
  }

  slices() {
    const measure = this.archive.measures[2];
    const count = measure.bins ?? SLICES;
    const size = (measure.upper - measure.lower) / count;
    return Array.from({ length: count }, (_, slice) => {
      const inside = this.rising().filter((i) => this.bin(i, 2, count) === slice);
      const [low, high] = [slice, slice + 1].map((edge) => number(measure.lower + edge * size));
      return this.panel(inside, 1, 0, `${measure.name} ${low} to ${high} ${measure.unit}`);
    });
  }

  projection(gone, x, y) {
    return this.panel(this.rising(), x, y, `best over ${this.archive.measures[gone].name}`);
  }

  // The best last: of elites that differ in a fourth measure only, it is the one seen.
  rising() {
    return this.indices().sort((a, b) => this.elite(a).fitness - this.elite(b).fitness);
  }

  indices() {
    return this.archive.elites.map((_, index) => index);
  }

  elite(index) {
    return this.archive.elites[index];
  }

  bin(index, axis, count) {
    const { bins, measures } = this.elite(index);
    if (bins) return bins[axis];
    const { lower, upper } = this.archive.measures[axis];
    return Math.max(0, Math.min(count - 1, Math.floor(((measures[axis] - lower) / (upper - lower)) * count)));
  }

  // Elites are drawn in order: the last of those in one place is the one seen.
  panel(indices, x, y, title) {
    const [across, up] = [this.archive.measures[x], this.archive.measures[y]];
    const cells = indices.map((index) => this.cell(index, x, y, across, up));
    const name = ({ name, unit }) => (unit ? `${name} [${unit}]` : name);
    const svg = make("svg", { viewBox: `-14 -2 ${SIDE + 18} ${SIDE + 18}`, role: "img", "aria-label": title },
      make("rect", { class: "field", width: SIDE, height: SIDE }), ...cells,
      ...[[0, across.lower], [SIDE, across.upper]].map(([at, value]) =>
        make("text", { class: "axis", x: at, y: SIDE + 8, "text-anchor": "middle" }, number(value))),
      ...[[SIDE, up.lower], [6, up.upper]].map(([at, value]) =>
        make("text", { class: "axis", x: -2, y: at, "text-anchor": "end" }, number(value))),
      make("text", { class: "axis", x: SIDE / 2, y: SIDE + 14, "text-anchor": "middle" }, name(across)),
      make("text", { class: "axis", x: -6, y: SIDE / 2, "text-anchor": "middle",
        transform: `rotate(-90 -6 ${SIDE / 2})` }, name(up)));
    return make("figure", {}, svg, make("figcaption", {}, title));
  }

  cell(index, x, y, across, up) {
    const { bins, measures, fitness } = this.elite(index);
    const common = { class: "cell", "data-elite": index, fill: ofFitness(fitness, this.best) };
    const label = make("title", {}, `${number(fitness)} m`);
    if (!bins) {
      const share = (axis, { lower, upper }) => (measures[axis] - lower) / (upper - lower);
      return make("circle", { ...common, cx: SIDE * share(x, across), cy: SIDE * (1 - share(y, up)), r: 3 }, label);
    }
    const [width, height] = [SIDE / across.bins, SIDE / up.bins];
    return make("rect", { ...common, x: bins[x] * width, y: SIDE - (bins[y] + 1) * height, width, height }, label);
  }

  pick(index) {
    this.chosen = index;
    this.mark();
    this.choose(this.elite(index));
  }

  mark() {
    for (const cell of this.box.querySelectorAll(".chosen")) cell.classList.remove("chosen");
    const cells = this.box.querySelectorAll(`[data-elite="${this.chosen}"]`);
    for (const cell of cells) cell.classList.add("chosen");
  }

  // To the nearest elite in a direction: bins, or measures scaled to twelve of them.
  move(event) {
    const direction = {
      ArrowRight: [1, 1], ArrowLeft: [1, -1], ArrowUp: [0, 1], ArrowDown: [0, -1],
      PageDown: [2, 1], PageUp: [2, -1],
    }[event.key];
    if (!direction || this.chosen === undefined) return;
    event.preventDefault();
    const [axis, sign] = direction;
    const at = (index) => [0, 1, 2].map((each) => this.bin(index, each, SLICES));
    const here = at(this.chosen);
    const away = (index) => {
      const there = at(index);
      const ahead = sign * (there[axis] - here[axis]);
      if (ahead <= 0) return Infinity;
      return there.reduce((sum, place, each) => sum + (each === axis ? ahead : 4 * Math.abs(place - here[each])), 0);
    };
    const nearest = this.indices().reduce((best, index) => (away(index) < away(best) ? index : best), this.chosen);
    if (away(nearest) < Infinity) this.pick(nearest);
  }
}

function fitnessScale(best) {
  const bar = make("span", { class: "bar" },
    ...content.palettes.fitness.map((colour) => make("i", { style: { background: colour } })));
  return make("div", { class: "scale" }, "0 m", bar, `${number(best)} m`);
}
