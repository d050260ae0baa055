// The page, from top to bottom.

const STAGE_1 = [
  ["niches", "Niches", ""], ["qd_score", "QD score", "m"], ["best", "Best fitness", "m"],
  ["run", "Programs that run", "share"], ["valid", "Walkers with a fitness", "share"],
  ["admitted", "Admitted", "share"],
];

function heading() {
  const { elmjax, jax, Python } = content.versions;
  document.getElementById("top").append(
    make("h1", {}, content.title),
    make("p", { class: "soft" }, `Evolution through large models; elmjax ${elmjax}, jax ${jax}, Python ${Python}`));
}

function tiles(entries) {
  return make("div", { class: "tiles" },
    ...entries.map(([name, value]) => make("div", { class: "tile" }, make("b", {}, value), make("span", {}, name))));
}

function stage1() {
  const { archives } = content;
  if (!archives.length) return [];
  const body = make("div");
  const tabs = archives.map((archive, index) =>
    make("button", { type: "button", "aria-pressed": index === 0, onclick: () => open(index) }, archive.name));
  const open = (index) => {
    tabs.forEach((tab, i) => tab.setAttribute("aria-pressed", i === index));
    body.replaceChildren(...archiveView(archives[index]));
  };
  open(0);
  const figures = STAGE_1.map(([name, title, unit]) =>
    chart(title, unit, archives.filter(({ curves }) => curves[name])
      .map(({ curves }) => ({ x: curves.evaluations, y: curves[name] })), "evaluations"));
  return [
    make("h2", { id: "archive" }, "Stage 1: the archive"),
    ...(archives.length > 1 ? [make("div", { class: "row", role: "group", "aria-label": "operator" }, ...tabs)] : []),
    body,
    make("h2", {}, "Stage 1: progress"), keys(archives.map(({ name }) => name)), charts(...figures),
  ];
}

function archiveView(archive) {
  const { metrics, elites } = archive;
  const detail = new Detail(archive);
  const map = new ArchiveMap(archive, (elite) => detail.show(elite));
  const views = ["slices", "projections"].map((view) =>
    make("button", { type: "button", "aria-pressed": view === "slices", onclick: () => turn(view) }, words(view)));
  const turn = (view) => {
    views.forEach((button) => button.setAttribute("aria-pressed", button.textContent === view));
    map.draw(view);
  };
  map.draw("slices");
  const best = elites.reduce((top, elite, i) => (elite.fitness > elites[top].fitness ? i : top), 0);
  if (elites.length) map.pick(best);
  return [
    tiles([
      ["niches", `${number(metrics.niches)} (${number(100 * metrics.coverage)} %)`],
      ["QD score", `${number(metrics.qd_score, 0)} m`],
      ["best fitness", `${number(metrics.best)} m`],
      ["mean of the elites", `${number(metrics.mean)} m`],
    ]),
    make("div", { class: "archive" },
      make("div", {}, make("div", { class: "row" }, ...views, fitnessScale(map.best)), map.box,
        make("p", { class: "soft small" }, "Click a niche, or move with the arrow keys and, between slices, the page keys.")),
      detail.box),
  ];
}

function trainings() {
  return content.learning.flatMap(({ name, curves, summary }) => [
    make("h2", {}, name === "Stage 2" ? "Stage 2: the language model" : name),
    charts(
      chart("Training loss", "nats a token", [{ x: curves.step, y: curves.loss }], "steps"),
      curves.test_loss ? chart("Test loss", "nats a token", [{ x: curves.step, y: curves.test_loss }], "steps") : null),
    summaryTable(summary),
  ]);
}

// Numbers of a summary; those with a before and an after in two columns.
function summaryTable(summary) {
  const told = (value) => (typeof value === "number" ? number(value, 3) : "");
  const rows = Object.entries(summary).flatMap(([name, value]) => {
    if (typeof value === "number") return [[words(name), "", told(value)]];
    if (value && typeof value === "object" && "before" in value && "after" in value)
      return [[words(name), told(value.before), told(value.after)]];
    return [];
  });
  return table(["", "before", "after"], rows);
}

function stage3() {
  const found = content.inventions;
  if (!found) return [];
  const { terrains, summary, curves } = found;
  const told = ([mean, low, high]) => `${number(mean)} (${number(low)} to ${number(high)})`;
  const rows = terrains.filter((name) => summary[name])
    .map((name) => [words(name), ...["before", "after", "change"].map((when) => told(summary[name][when]))]);
  const series = terrains.filter((name) => curves[name]);
  const champions = make("div", { class: "champions" });
  const matrix = make("div");
  showChampions(found, champions, matrix);
  return [
    make("h2", { id: "inventions" }, "Stage 3: walkers written for a terrain"),
    make("p", { class: "soft" }, "Mean reward in metres of the walkers written for each terrain, with 95 % intervals."),
    table(["terrain", "stage 2 model", "after stage 3", "change"], rows),
    make("h3", {}, "The best walker written for each terrain"), champions,
    make("h3", {}, "Distance of each on every terrain [m]"), matrix,
    keys(series),
    charts(chart("Mean reward", "m", series.map((name) => ({ x: curves.step, y: curves[name] })), "iterations")),
  ];
}

async function showChampions({ terrains, champions }, box, matrix) {
  const names = terrains.filter((name) => champions[name]);
  const walks = await Promise.all(names.map((name) => unpack(champions[name].walk)));
  for (const [i, name] of names.entries()) {
    const { body, track, program } = walks[i];
    const figure = make("figure", { style: { margin: 0 } }, make("figcaption", {}, `${words(name)}: ${number(champions[name].reward)} m`));
    if (track) {
      const shown = player(content.terrains[name], `the best walker written for ${words(name)}`);
      shown.view.show(body, await unpackTrack(track));
      figure.append(shown.box);
    }
    figure.append(make("details", {}, make("summary", {}, "program"),
      make("pre", { class: "program", tabindex: 0 }, ...coloured(program))));
    box.append(figure);
  }
  const most = (place) => Math.max(...walks.map(({ distances }) => distances[place] ?? -1));
  matrix.append(table(["written for", ...names.map((place) => `on ${words(place)}`)],
    names.map((name, i) => [words(name), ...names.map((place) => {
      const value = walks[i].distances[place];
      return make("td", { class: value === most(place) ? "best" : null }, number(value));
    })])));
}

function foot() {
  document.getElementById("foot").append(
    make("details", {}, make("summary", {}, "Configuration"), make("pre", { tabindex: 0 }, content.configuration)));
}

heading();
document.getElementById("main").replaceChildren(...stage1(), ...trainings(), ...stage3());
foot();
document.documentElement.dataset.ready = "yes";
