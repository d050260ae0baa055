// Lines that a child has and its parent has not, and the other way round.

// Pairs of " ", "-" or "+" and a line: the longest common subsequence stays.
function difference(parent, child) {
  const old = parent.split("\n");
  const now = child.split("\n");
  const common = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      common[i][j] =
        old[i] === now[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const lines = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push([" ", old[i++]]);
      j++;
    } else if (i < old.length && (j === now.length || common[i + 1][j] >= common[i][j + 1])) {
      lines.push(["-", old[i++]]);
    } else {
      lines.push(["+", now[j++]]);
    }
  }
  return lines;
}

// The changed lines with two lines around them; what lies between is left out.
function changes(parent, child) {
  const lines = difference(parent, child);
  const near = (at) => lines.slice(Math.max(0, at - 2), at + 3).some(([sign]) => sign !== " ");
  const kinds = { "+": "line added", "-": "line removed", " ": "line" };
  const shown = [];
  lines.forEach(([sign, text], at) => {
    if (near(at)) shown.push(make("span", { class: kinds[sign] }, `${sign} `, ...coloured(text)));
    else if (at === 0 || near(at - 1)) shown.push(make("span", { class: "line c" }, "  …"));
  });
  return make("pre", { class: "changes", tabindex: 0, "aria-label": "changes to the parent" }, ...shown);
}
