// Colours of numbers, and those of the page as they are now, light or dark.

const SERIES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

function shade(colours, share) {
  const last = colours.length - 1;
  return colours[Math.max(0, Math.min(last, Math.round(share * last)))];
}

function ofFitness(value, best) {
  return shade(content.palettes.fitness, best > 0 ? Math.max(0, value) / best : 0);
}

function ofPhase(hundredths) {
  return shade(content.palettes.phase, hundredths / 100);
}

function pageColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ink", "soft", "faint", "sky", "ground", "ground-edge", "rigid", "path"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}
