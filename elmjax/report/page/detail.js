// What is shown of one walker: the walk, distances on all terrains, the program, its ancestry.

class Detail {
  constructor(archive) {
    this.archive = archive;
    this.box = make("section", { class: "detail", "aria-live": "polite", "aria-label": "the chosen walker" });
    this.shown = 0; // counts, so that what is unpacked too late is not shown
  }

  async show(elite) {
    const turn = ++this.shown;
    const [walk, line] = await Promise.all([elite.walk && unpack(elite.walk), this.lineage(elite.id)]);
    const newest = line[line.length - 1];
    const track = walk?.track && (await unpackTrack(walk.track));
    if (turn !== this.shown) return;
    this.box.replaceChildren(
      make("h3", { class: "fitness" }, `${number(elite.fitness)} m`),
      make("p", { class: "soft small" }, this.about(elite)),
      track ? this.walk(newest.body, track) : make("p", {}, "This walk cannot be shown."),
      ...(walk ? [make("h3", {}, "Distance on every terrain"), distances(walk.distances)] : []),
      this.family(line),
    );
  }

  about({ measures, id }) {
    const told = this.archive.measures.map(({ name, unit }, i) => `${name} ${number(measures[i])} ${unit}`.trim());
    return `${told.join(", ")}; program ${whole.format(id)}`;
  }

  walk(body, track) {
    const { box, view } = player(content.terrains[this.archive.terrain], "the walker on its terrain");
    view.show(body, track);
    requestAnimationFrame(() => view.play(moves()));
    return box;
  }

  // From the oldest ancestor the page knows down to a program.
  async lineage(id) {
    const line = [];
    for (let at = id; this.archive.programs[at] !== undefined; ) {
      const program = await unpack(this.archive.programs[at]);
      line.unshift({ id: at, ...program });
      at = program.parent;
    }
    return line;
  }

  family(line) {
    const text = make("div");
    const choose = (index) => {
      for (const [i, frame] of [...film.children].entries()) frame.setAttribute("aria-pressed", i === index);
      text.replaceChildren(...this.program(line, index));
    };
    const film = make("div", { class: "film", role: "group", "aria-label": "ancestry, oldest first" },
      ...line.map((ancestor, index) =>
        make("button", { type: "button", "aria-pressed": false, onclick: () => choose(index) },
          ancestor.body ? portrait(ancestor.body) : "no body",
          ancestor.fitness === null ? "–" : `${number(ancestor.fitness)} m`)));
    choose(line.length - 1);
    requestAnimationFrame(() => (film.scrollLeft = film.scrollWidth));
    const missing = line[0].parent >= 0 ? " (older ones are not in this page)" : "";
    return make("div", {}, make("h3", {}, `Ancestry: ${line.length} programs${missing}`), film, text);
  }

  program(line, index) {
    const { program, operator, message, step } = line[index];
    const parent = line[index - 1];
    const origin = parent ? `${operator}, iteration ${number(step)}${message ? `: ${message}` : ""}` : "seed program";
    return [
      make("p", { class: "soft small" }, origin),
      ...(parent ? [make("h3", {}, "Changes to its parent"), changes(parent.program, program)] : []),
      make("h3", {}, "Program"),
      make("pre", { class: "program", tabindex: 0, "aria-label": "program" }, ...coloured(program)),
    ];
  }
}

function distances(byTerrain) {
  const most = Math.max(1, ...Object.values(byTerrain).map((value) => value ?? 0));
  const cells = Object.entries(byTerrain).flatMap(([name, value]) => [
    make("span", {}, words(name)),
    make("i", { style: { width: `${(100 * (value ?? 0)) / most}%` } }),
    make("span", {}, value === null ? "no room" : `${number(value)} m`),
  ]);
  return make("div", { class: "distances" }, ...cells);
}
