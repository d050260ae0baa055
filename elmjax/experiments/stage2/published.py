"""What the paper reports of stage 2, measured in its figures, which print few numbers.

Lehman et al. 2022, arXiv 2206.08896: figure 12 (lowest test loss, 80 % data), figure 13 (1,024
samples in an empty map), figure 15 (best of 1,024 completions, % of the original) and appendix H.
Programs, tokens and distances are not ours: losses and QD scores compare within a column alone.
"""

from collections.abc import Mapping

Lines = Mapping[str, Mapping[str, float]]  # by model, by share of the niche's best

HALF, MOST = "50 %", "80 %"  # columns
MODELS = ("0.1M", "85M", "300M(RI)", "300M", "680M")
DATASET = "dataset"

SPEARMAN_RADIAL = 0.08  # fitness predicted of unseen Radial walkers, by the 300M


def _lines(half: tuple[float, ...], most: tuple[float, ...], scale: float = 1.0) -> Lines:
    names = (*MODELS, DATASET)[: len(most)]
    return {
        f"ELM, {name}": {HALF: scale * of_half, MOST: scale * of_most}
        for name, of_half, of_most in zip(names, half, most, strict=True)
    }


# By quantity, as `tables` names them.
PUBLISHED: Mapping[str, Lines] = {
    # That of 0.1M is cut off by the figure's axis at 0.12; it is at least that.
    "test_loss": {
        f"ELM, {name}": {MOST: loss}
        for name, loss in zip(MODELS, (0.12, 0.0804, 0.0944, 0.0813, 0.0783), strict=True)
    },
    "coverage": _lines(
        (11.0, 38.9, 34.2, 38.1, 38.0, 40.1), (12.0, 32.7, 24.6, 30.9, 31.6, 38.7), scale=0.01
    ),
    "qd_score": _lines((14, 334, 266, 319, 334, 448), (14, 390, 275, 317, 356, 508), scale=1000.0),
    "completed": _lines((24.5, 36.4, 19.3, 34.5, 32.0), (25.3, 46.8, 23.2, 38.9, 50.5), scale=0.01),
}
