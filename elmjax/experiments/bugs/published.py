"""What the paper found, in % of the trials, measured in its figures: it prints no numbers.

4-Parity is its figures 1 and 2, Quadratic its figures 20 and 21; heights on a logarithmic axis are
read to about 3 % of the value. How many trials its language models had is not stated.
"""

from dataclasses import dataclass

GP_TRIALS = 100_000


@dataclass(frozen=True, kw_only=True)
class Published:
    """One of the paper's lines.

    Attributes:
        label: As the paper calls it.
        operator: Ours that it stands beside.
        success: % by task, from one bug on.
        trials: Where stated.
    """

    label: str
    operator: str
    success: dict[str, tuple[float, ...]]
    trials: int | None = None


PUBLISHED = (
    Published(
        label="GP",
        operator="gp",
        success={"parity": (0.44, 0.065, 0.015, 0.0041, 0.0), "quadratic": (0.87, 0.050)},
        trials=GP_TRIALS,
    ),
    Published(
        label="Diff 300M",
        operator="diff",
        success={"parity": (8.7, 15.5, 12.2, 28.7, 0.72), "quadratic": (8.0, 10.8)},
    ),
    Published(
        label="Prompt Cushman",
        operator="prompt",
        success={"parity": (28.7, 31.7, 28.1, 31.0, 24.5), "quadratic": (17.8, 17.1)},
    ),
    Published(
        label="Prompt Davinci",
        operator="prompt",
        success={"parity": (45.7, 46.0, 46.2, 44.6, 41.3), "quadratic": (31.6, 37.1)},
    ),
    Published(
        label="Edit Davinci",
        operator="edit",
        success={"parity": (77.9, 83.4, 81.5, 80.1, 25.1), "quadratic": (38.8, 42.2)},
    ),
)
