// Programs with their words coloured.

const KEYWORDS = new Set(
  ("and as assert break class continue def del elif else except finally for from global if import " +
    "in is lambda nonlocal not or pass raise return try while with yield True False None").split(" "),
);
const TOKENS = [
  ["c", /#.*/y],
  ["s", /[rbfu]{0,2}("""[^]*?("""|$)|'''[^]*?('''|$)|"(\\.|[^"\\\n])*"?|'(\\.|[^'\\\n])*'?)/iy],
  ["n", /\d[\w.]*|\.\d[\w.]*/y],
  ["word", /[^\W\d]\w*/y],
  ["", /\s+|[^]/y],
];

// Parts of a program: pairs of a class, perhaps empty, and a text.
function tokens(program) {
  const found = [];
  let at = 0;
  while (at < program.length) {
    for (const [kind, pattern] of TOKENS) {
      pattern.lastIndex = at;
      const match = pattern.exec(program);
      if (!match) continue;
      at += match[0].length;
      found.push([kind === "word" ? ofWord(match[0], program, at) : kind, match[0]]);
      break;
    }
  }
  return found;
}

function ofWord(word, program, end) {
  if (KEYWORDS.has(word)) return "k";
  return program[end] === "(" ? "f" : "";
}

function coloured(program) {
  return tokens(program).map(([kind, text]) => (kind ? make("span", { class: kind }, text) : text));
}
