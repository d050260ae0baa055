"""What can be configured: one frozen dataclass a stage, with the ranges that are accepted.

Defaults are the laptop's; `configs/*.toml` hold values for other machines and purposes.
"""

import difflib
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from elmjax.endpoint.config import EndpointConfig
from elmjax.rl.config import PPOConfig
from physics.entry import is_entry
from physics.world import World

Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
PartialShare = Annotated[float, Field(ge=0, lt=1)]


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError(f"got {list(values)}, wanted each one once")
    return values


def _not_all_zero(weights: dict[str, float] | tuple[float, ...]) -> Any:
    values = weights.values() if isinstance(weights, dict) else weights
    if not any(values):
        raise ValueError(f"got {weights}, wanted at least one weight above 0")
    return weights


def _entry(name: str) -> str:
    if not is_entry(name):
        raise ValueError(f"got {name!r}, wanted module:function, such as my_operators:mutate")
    return name


def _backend(name: str) -> str:
    if name not in BACKENDS and not is_entry(name):
        close = difflib.get_close_matches(name, BACKENDS, n=1)
        hint = f" (nearest: {close[0]})" if close else ""
        wanted = ", ".join(map(repr, BACKENDS))
        raise ValueError(f"got {name!r}, wanted {wanted} or module:function{hint}")
    return name


# A function that somebody else wrote: its module must be installed or in PYTHONPATH.
Entry = Annotated[str, AfterValidator(_entry)]
BACKENDS = (
    "auto",
    "xla",
    "native",
    "native-avx512",
    "native-avx2",
    "native-scalar",
    "pallas_tpu",
    "pallas_gpu",
)
# What a configuration may name besides: an operator of `evolve.own`; `load` checks them.
OperatorName = str
Operator = Literal["diff", "tree", "rewrite", "crossover", "mixed", "bandit"]
Encoder = Literal["codes", "image", "resnet50"]
DiffFormat = Literal["numbered", "carper", "search_replace"]
Seed = Literal["square", "radial", "cppn_fixed", "cppn_mutable", "cube", "tetrahedral", "cppn_grid"]

# One or more, all different.
Several = (Field(min_length=1), AfterValidator(_distinct))


def _numbers_but_like(
    parameters: dict[str, int | float | str],
) -> dict[str, int | float | str]:
    for name, value in parameters.items():
        if (name == "like") != isinstance(value, str):
            wanted = "the name of a terrain" if name == "like" else "a number"
            raise ValueError(f"{name}: got {value!r}, wanted {wanted}")
    return parameters


# `like` makes the section a terrain of its own, from that named one; all others are numbers.
TerrainParameters = Annotated[dict[str, int | float | str], AfterValidator(_numbers_but_like)]


@dataclass(frozen=True, kw_only=True)
class Model:
    """Shape of a decoder that is trained from scratch."""

    layers: Count = 4
    width: Count = 128
    heads: Count = 4
    hidden: Count = 384


@dataclass(frozen=True, kw_only=True)
class LoRAConfig:
    """Training of low-rank adapters in place of all weights (Hu et al. 2021)."""

    rank: Natural = 0  # of each pair of matrices; 0: all weights are trained
    alpha: Positive = 16.0  # what a pair adds is multiplied by alpha / rank
    # Projections as the model's family calls them, such as "q_proj", or "all-linear" for every one.
    targets: Annotated[tuple[str, ...], *Several] = ("all-linear",)


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """AdamW with a linear warm-up and a cosine decay to zero."""

    steps: Count
    learning_rate: Positive
    warmup: Natural = 20
    rows: Count = 16  # rows a step
    row_length: Count = 512  # tokens a row; the cost of attention grows with it
    accumulation: Count = 1  # parts that the rows of a step are read in, to save memory
    recompute: bool = False  # layers are computed twice instead of kept, to save memory


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """How the devices of all hosts share the work of every stage; see `dist.placement`."""

    data: Natural = 0  # rows of a batch; 0: as many devices as there are for the other two
    fsdp: Count = 1  # rows too; and every device keeps a part of the parameters
    tensor: Count = 1  # heads, hidden units and entries of the vocabulary
    # Whether to join the processes of other hosts: where the environment names them, wherever JAX
    # finds them, or never.
    hosts: Literal["auto", "all", "one"] = "auto"


@dataclass(frozen=True, kw_only=True)
class Programs:
    """What runs programs, and its limits."""

    # "jail" needs Linux with seccomp, "monty" the extra of that name; "auto" prefers the jail.
    engine: Literal["auto", "jail", "monty"] = "auto"
    workers: Count = 2
    max_characters: Count = 6000
    time_limit: Positive = 0.5  # s of processor time a program; twice that inside one C call
    memory_limit: Annotated[int, Field(ge=64)] = 256  # MiB a worker
    remembered: Natural = 16384  # programs, and walks, whose outcome is not computed again


def _of_each(what: str, fewest: int) -> Any:
    """Checks that a list has `fewest` numbers, or one more in three dimensions."""

    def check(values: tuple[float, ...]) -> tuple[float, ...]:
        if len(values) not in (fewest, fewest + 1):
            raise ValueError(f"got {list(values)}, wanted {fewest} or {fewest + 1} numbers: {what}")
        return values

    return AfterValidator(check)


_Measures = _of_each("of height, width, mass and, in three dimensions, perhaps depth", 3)


@dataclass(frozen=True, kw_only=True)
class GridConfig:
    """The MAP-Elites map over height, width, mass and, where a fourth number is given, depth."""

    # Of x, y and perhaps z, before bodies are measured; walks do not know it. 1: lengths are in m.
    scale: Annotated[tuple[Positive, ...], _of_each("of x, y and perhaps z", 2)] = (1.0, 1.0)

    lower: Annotated[tuple[float, ...], _Measures] = (0.0, 0.0, 0.0)
    upper: Annotated[tuple[float, ...], _Measures] = (24.0, 24.0, 300.0)
    bins: Annotated[tuple[Count, ...], _Measures] = (12, 12, 12)
    # Above 0, this many cells around centroids spread over the same box, in place of the bins.
    centroids: Natural = 0
    centroid_seed: Natural = 0  # not the run's, so that runs share their niches


@dataclass(frozen=True, kw_only=True)
class Physics:
    """What space walkers live in, what simulates their walks and what counts of them."""

    # 3: joints have a depth, terrains go on in it, and walks run on "xla".
    dim: Literal[2, 3] = 2
    # What fitness is: the distance along x, or in any direction of the level.
    distance: Literal["forward", "planar"] = "forward"
    # "auto" is the best that is there; `module:function` opens one's own. Walks are chaotic: after
    # ten seconds no two agree, so whoever goes on with a run elsewhere names one.
    backend: Annotated[str, AfterValidator(_backend)] = "auto"


@dataclass(frozen=True, kw_only=True)
class Robust:
    """Scoring by walks from perturbed starts, because chaotic gaits over-fit the exact one."""

    starts: Natural = 0  # walks of each body; 0: one, from the exact start
    jitter: Annotated[float, Field(ge=0, le=1)] = 0.05  # m, deviation of each joint's coordinates
    score: Literal["mean", "worst"] = "mean"  # of the distances


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """Rounds in which the diff model learns those of its own edits that run and change the body."""

    rounds: Natural = 0
    iterations: Count = 24  # of the MAP-Elites run on each seed whose elites are edited
    generated: Natural = 0  # newly generated programs that are edited beside the elites
    proposals: Count = 12  # edits sampled of each program
    replay: NonNegative = 1.0  # parents of the corpus read again, for each of these programs
    optimiser: Optimiser = field(
        default_factory=lambda: Optimiser(steps=200, learning_rate=1e-3, warmup=20)
    )


@dataclass(frozen=True, kw_only=True)
class Rates:
    """How the edits of the trained diff model are rated: on unseen programs and on elites."""

    programs: Count = 250  # newly generated
    evaluations: Natural = 0  # of the MAP-Elites run on each seed whose elites are edited; 0: none
    elites: Count = 1000  # of all runs together, drawn at random
    children: Count = 64  # edits of each program


@dataclass(frozen=True, kw_only=True)
class Pretrain:
    """Training of the diff model from scratch on generated programs and edits."""

    parents: Count = 16000  # programs edited
    edits: Count = 8  # edits of each that run and change what it does
    functions: Share = 0.0  # of the parents: ordinary functions; the others are walkers
    bugs: Share = 0.1  # of the parents: come once more with a bug, to learn its repair
    held_out: Count = 256  # further parents, for the test loss
    # Folder of commits that `elmjax corpus git` has written, learned in place of all of these.
    corpus: str = ""
    # Of these: how they are written, and how many lines of a file are shown around a numbered
    # edit; `carper` shows the whole file.
    format: Literal["numbered", "carper"] = "numbered"
    lines: Annotated[int, Field(ge=1, le=127)] = 64
    init: str = ""  # a shipped model's name or a folder that training goes on from; empty: none
    model: Model = field(default_factory=Model)
    optimiser: Optimiser = field(
        default_factory=lambda: Optimiser(steps=4000, learning_rate=3e-3, warmup=50)
    )
    program_weight: NonNegative = 0.2  # weight of the loss on the program itself
    line_positions: bool = True  # edits are read and written at the lines that they name
    checkpoint_every: Count = 500  # steps
    dtype: Literal["float32", "float16"] = "float32"  # in which the model's weights are stored
    rejection: Rejection = field(default_factory=Rejection)
    rates: Rates = field(default_factory=Rates)


@dataclass(frozen=True, kw_only=True)
class Evolve:
    """Stage 1: MAP-Elites with a mutation operator (paper, section 5)."""

    # Of the paper's four, in three dimensions of ours, or paths; all are placed before the first
    # iteration.
    seed_programs: Annotated[tuple[str, ...], *Several] = ("square",)
    # A run each: edits written by a model; edits of the syntax tree; whole programs written by a
    # model, from one parent or after the example of several; several of these, by fixed weights or
    # as a bandit learns which of them pays.
    operators: Annotated[tuple[OperatorName, ...], *Several] = ("diff", "tree")
    # Operators of one's own: their names, and the function of each.
    own: dict[str, Entry] = field(default_factory=dict)
    # Parents that each operator of "mixed" gets, and which operators "bandit" chooses from.
    mix: Annotated[dict[OperatorName, NonNegative], AfterValidator(_not_all_zero)] = field(
        default_factory=lambda: {"diff": 1.0, "tree": 1.0}
    )
    # Weight of an iteration's admissions for "bandit", against the next iteration's.
    bandit_discount: Annotated[float, Field(gt=0, le=1)] = 0.95
    # How `diff` writes its edits. The shipped model was taught "numbered" only.
    format: DiffFormat = "numbered"
    # Tokens that the format "numbered" cannot hold next are never sampled for `diff`.
    grammar_mask: bool = True
    # A shipped model's name, a folder, owner/name of the hub, or "endpoint".
    model: str = "walker"
    endpoint: EndpointConfig = field(default_factory=EndpointConfig)
    iterations: Count = 32
    parents: Count = 16  # elites chosen an iteration
    children: Count = 8  # sampled from each
    # Iterations whose children are made while the children of one are judged; their parents are
    # drawn from the archive of that many iterations before.
    ahead: Natural = 1
    # How often a model is asked for "Changed make_walker function.", "Changed parameters in
    # make_walker function." and "Small change to make_walker function."
    message_weights: Annotated[
        tuple[NonNegative, NonNegative, NonNegative], AfterValidator(_not_all_zero)
    ] = (0.4, 0.3, 0.3)
    temperature: Positive = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_new_tokens: Count = 96  # of an edit
    max_program_tokens: Count = 384  # of a whole program, for `rewrite` and `crossover`
    max_characters: Count = 1500  # longer children are `too_long`
    terrain: str = "flat"
    # Bodies outside the grid: into the cell at its edge, or not admitted. A tower of 150 m goes
    # far by falling over.
    outside_grid: Literal["clip", "reject"] = "clip"
    # Children of an iteration are judged in turn, or all of them against the archive as it was
    # before it (the paper's rule). Without parsimony the elites are the same, and `batch` counts
    # more programs as admitted.
    admission: Literal["sequential", "batch"] = "sequential"
    # Share of its niche's best fitness that a shorter program may lose and still replace the
    # elite; a longer one must be better by as much. 0: length does not count.
    parsimony: PartialShare = 0.0
    checkpoint_every: Count = 8  # iterations


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What a fine-tuned diff model must not lose, measured on edits that it writes."""

    parents: Count = 32  # programs edited, drawn from the parents of the accepted diffs
    children: Count = 8  # edits of each
    unique: Share = 0.7  # of the base model's share of different programs, at least
    divergence: Positive = 0.5  # nats a token from the base model, at most
    retreats: Natural = 2  # times that a refused update is halved before it is given up


@dataclass(frozen=True, kw_only=True)
class OperatorTuning:
    """Fine-tuning of the operator `diff` on accepted diffs (paper, section 5.1)."""

    rounds: Natural = 0  # of initial runs, fine-tuning and a rerun; the paper has one
    # Of the initial runs, one each; empty: the run's own seed program.
    initial_seeds: Annotated[tuple[Seed, ...], AfterValidator(_distinct)] = ()
    # Of the diffs in the loss: all alike, or as much as each added to the QD score.
    weighting: Literal["equal", "gain"] = "equal"
    replay: PartialShare = 0.25  # of the parents read: generated ones
    replay_parents: Count = 256  # generated; read more than once where more are needed
    # Of the replayed: ordinary functions, the others are walkers. 1 teaches `general` no walker.
    replay_functions: Share = 0.0
    program_weight: NonNegative = 0.05  # weight of the loss on the program itself
    optimiser: Optimiser = field(
        default_factory=lambda: Optimiser(
            steps=120, learning_rate=1e-3, warmup=10, rows=4, row_length=1024
        )
    )
    lora: LoRAConfig = field(default_factory=LoRAConfig)
    checkpoint_every: Count = 40  # steps
    guard: Guard = field(default_factory=Guard)
    # The continual form: iterations between updates on what the run has accepted; 0: none.
    every: Natural = 0
    update: Optimiser = field(
        default_factory=lambda: Optimiser(
            steps=12, learning_rate=1e-3, warmup=2, rows=4, row_length=1024
        )
    )


# Shapes of Table 1 of the paper, and smaller ones for CPUs; see `config.sizes`.
Size = Literal["0.1M", "1M", "3M", "10M", "85M", "300M", "680M"]


@dataclass(frozen=True, kw_only=True)
class Band:
    """Bodies that are not learned: those within both ranges, from the first number to below the
    second, in the unit of the archive. Equal numbers: none.
    """

    height: tuple[Finite, Finite] = (0.0, 0.0)
    width: tuple[Finite, Finite] = (0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Finetune:
    """Stage 2: a language model of every admitted program (paper, section 6)."""

    runs: tuple[str, ...] = ()  # folders of further runs whose programs are learned
    # Whose histories; empty: the fine-tuned operator's where a run has one, else all it ran.
    operators: Annotated[tuple[OperatorName, ...], AfterValidator(_distinct)] = ()
    # Seed programs whose descendants are left out, where those of others remain.
    exclude_seeds: tuple[str, ...] = ("radial",)
    programs: Literal["admitted", "final"] = "admitted"  # ever, or the elites at the end
    threshold: Share = 0.5  # of the niche's best fitness over all runs
    # Of programs with the same text, or whose bodies are the same, the first.
    duplicates: Literal["keep", "text", "body"] = "text"
    test_share: Share = 0.05
    # Programs that differ in numbers only are all learned or all held out, or equal texts alone.
    split: Literal["family", "text"] = "family"
    init: str = "walker"  # as `evolve.model`, or "random"
    size: Size | None = None  # used when init is "random"; None: as `model` says
    model: Model = field(default_factory=Model)
    optimiser: Optimiser = field(
        default_factory=lambda: Optimiser(steps=300, learning_rate=1e-3, warmup=20)
    )
    lora: LoRAConfig = field(default_factory=LoRAConfig)
    # Which model goes on: of the lowest loss on learned or on held-out programs, or the last.
    checkpoint: Literal["train_loss", "test_loss", "last"] = "train_loss"
    # A comment with fitness, height, width and mass, before the program or after it.
    properties: Literal["none", "prefix", "postfix"] = "none"
    band: Band = field(default_factory=Band)
    samples: Count = 256
    compare_base: bool = True  # samples the model before training, too, unless it is random
    temperature: Positive = 1.0
    max_new_tokens: Count = 384
    checkpoint_every: Count = 100  # steps


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """A supervised start of stage 3 on the best known programs of every terrain."""

    steps: Natural = 0  # 0: none
    programs: Count = 8  # of each terrain
    rows: Count = 8  # programs a step


@dataclass(frozen=True, kw_only=True)
class Conditional:
    """Stage 3: the model sees a terrain and writes the walker for it (paper, section 7)."""

    # In a file and on the command line also names of `config.terrain_sets`.
    terrains: Annotated[tuple[str, ...], *Several] = (
        "left_wall",
        "right_wall",
        "tunnel",
    )
    base: str = ""  # folder of a run whose stage 2 it starts from; empty: this run's own
    # How episodes come to their terrains: all have equally many, or each draws its own.
    draw: Literal["equal", "random"] = "equal"
    unseen: tuple[str, ...] = ()  # terrains on which the trained model is tried too
    # A code for each terrain, or a network on its picture: a small one, or the paper's ResNet-50.
    encoder: Encoder = "codes"
    # Folder of a `ResNetModel` of Hugging Face that "resnet50" starts with; empty: random weights.
    encoder_weights: str = ""
    slots: Count = 4  # prefix embeddings the encoder makes
    iterations: Count = 20
    batch: Count = 96  # programs an iteration
    # What leads an iteration: the host, which overlaps device and jail; or one compiled program,
    # from which programs are run by a callback.
    loop: Literal["host", "callback"] = "host"
    bootstrap: Bootstrap = field(default_factory=Bootstrap)
    image: tuple[Count, Count] = (32, 64)  # pixels, height and width
    max_new_tokens: Count = 384
    invalid_reward: Finite = 0.0  # m
    evaluation_samples: Count = 256  # a terrain, before and after
    checkpoint_every: Count = 1  # iterations
    lora: LoRAConfig = field(default_factory=LoRAConfig)
    recompute: bool = False  # layers are computed twice instead of kept, to save memory
    ppo: PPOConfig = field(default_factory=PPOConfig)


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """What is told while a run goes on. It changes no result: a run may go on with other values."""

    # Besides `metrics.jsonl`, which is always written.
    tensorboard: bool = False  # event files in RUN/tensorboard; the extra of that name
    wandb: str = ""  # project at Weights & Biases; empty: none; the extra of that name
    # On standard output: a view that moves, a line now and then, or nothing; "auto" is the first on
    # a terminal and the second elsewhere.
    progress: Literal["auto", "live", "plain", "quiet"] = "auto"


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything a run needs; written resolved into the run's folder."""

    seed: Natural = 0
    seconds: Annotated[float, Field(ge=0, le=1000)] = 10.0  # s of a walk
    world: World = field(default_factory=World)
    mesh: Mesh = field(default_factory=Mesh)
    physics: Physics = field(default_factory=Physics)
    terrain: dict[str, TerrainParameters] = field(default_factory=dict)  # parameters by name
    robust: Robust = field(default_factory=Robust)
    programs: Programs = field(default_factory=Programs)
    metrics: Metrics = field(default_factory=Metrics)
    grid: GridConfig = field(default_factory=GridConfig)
    pretrain: Pretrain = field(default_factory=Pretrain)
    evolve: Evolve = field(default_factory=Evolve)
    operator: OperatorTuning = field(default_factory=OperatorTuning)
    finetune: Finetune = field(default_factory=Finetune)
    conditional: Conditional = field(default_factory=Conditional)
