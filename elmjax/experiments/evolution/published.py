"""What others report of stage 1, measured in their figures (the papers print no numbers).

ELM: Lehman et al. 2022, arXiv 2206.08896, figures 8 to 10, means of three runs of 1,024,000
evaluations; heights of bars are read to about 1 %. LMX: Meyerson et al. 2023, arXiv 2302.12170, as
reproduced in OpenELM's paper (GPTP 2023), figure 2. Distances are in each simulator's own unit: QD
scores and fitness compare within a column, never with ours.
"""

from dataclasses import dataclass

ELM_EVALUATIONS, ELM_NICHES = 1_024_000, 12**3


@dataclass(frozen=True, kw_only=True)
class SeedResults:
    """One diff model of the paper, by seed program."""

    label: str
    coverage: dict[str, float]  # share of `ELM_NICHES`
    best: dict[str, float]  # the paper's unit of distance
    qd_score: dict[str, float]  # the same


def _by_seed(*values: float) -> dict[str, float]:
    return dict(zip(("square", "radial", "cppn_fixed", "cppn_mutable"), values, strict=True))


ELM_PRETRAINED = SeedResults(
    label="ELM, pre-trained diff model",
    coverage=_by_seed(0.415, 0.935, 0.963, 0.966),
    best=_by_seed(1387, 1224, 967, 1266),
    qd_score=_by_seed(371_600, 671_200, 453_300, 605_100),
)
ELM_FINETUNED = SeedResults(
    label="ELM, fine-tuned diff model",
    coverage=_by_seed(0.620, 0.963, 0.973, 0.973),
    best=_by_seed(1445, 1413, 1177, 1324),
    qd_score=_by_seed(655_600, 1_072_000, 784_000, 916_300),
)


@dataclass(frozen=True, kw_only=True)
class CrossoverResults:
    """One CodeGen model of the LMX study after 1,000 samples, by number of parents shown."""

    label: str
    valid: tuple[float, float, float]  # share of samples, with 1, 2 and 3 parents
    niches: tuple[float, float, float]


LMX = (
    CrossoverResults(
        label="LMX, CodeGen 350M", valid=(0.244, 0.216, 0.207), niches=(18.4, 25.7, 28.3)
    ),
    CrossoverResults(
        label="LMX, CodeGen 2B", valid=(0.275, 0.256, 0.276), niches=(11.3, 26.5, 26.9)
    ),
    CrossoverResults(
        label="LMX, CodeGen 6B", valid=(0.278, 0.295, 0.335), niches=(8.3, 15.3, 19.8)
    ),
)
