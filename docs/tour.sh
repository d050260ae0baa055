#!/usr/bin/env bash
# The commands of docs/tour.md after installation, in a new folder:
#
#   docs/tour.sh FOLDER           as the page has it
#   docs/tour.sh FOLDER small     the same path with small numbers, as tests run it
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?usage: docs/tour.sh FOLDER [small]}
evolve=() conditional=() sample=(-n 8)
if [ "${2:-}" = small ]; then
  evolve=(--evolve.iterations 2 --evolve.parents 4 --evolve.children 4 --seconds 2
    --finetune.optimiser.steps 4 --finetune.samples 4 --finetune.max_new_tokens 48)
  conditional=(--conditional.iterations 1 --conditional.batch 8 --conditional.max_new_tokens 48
    --conditional.evaluation_samples 4 --seconds 2)
  sample=(-n 2)
fi

# The block of code of a language that the page shows first.
shown() {
  awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } /^```/ { if (inside) exit } inside' "$here/tour.md"
}

mkdir -p "$folder"
cd "$folder"
set -x
elmjax doctor
shown python > walker.py
elmjax simulate walker.py
elmjax render walker.py -o walker.gif
shown json > ditches.json
elmjax terrains ditches.json -o ditches.png
elmjax simulate walker.py --terrain ditches.json
elmjax evolve --config quickstart --run runs/ditches --evolve.terrain ditches.json "${evolve[@]}"
elmjax render runs/ditches#best -o best.gif
elmjax report runs/ditches
elmjax finetune --run runs/ditches
elmjax conditional --config quickstart --run runs/inventor --conditional.base runs/ditches \
  --conditional.terrains '["flat", "ditches.json"]' "${conditional[@]}"
elmjax sample --run runs/inventor --terrain ditches.json "${sample[@]}"
