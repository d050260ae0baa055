"""What the paper reports of stage 3: figures 18 and 19, read off the bars; its unit is unstated.

`dataset` and `stage 2` are the best of 1,024 programs, stage 3 the mean of what the trained models
write. By distribution and threshold; terrains in the order of the distribution.
"""

DATASET, STAGE_2 = "dataset, best", "stage 2, best"
CODES, IMAGE = "stage 3, codes", "stage 3, image"

PUBLISHED: dict[tuple[str, float], dict[str, tuple[float, float, float]]] = {
    ("tunnel", 0.5): {
        DATASET: (2205, 2069, 1652),
        STAGE_2: (2114, 299, 1742),
        CODES: (2377, 2686, 1715),
        IMAGE: (1815, 2704, 1162),
    },
    ("tunnel", 0.8): {
        DATASET: (2725, 2688, 2037),
        STAGE_2: (2459, 294, 1807),
        CODES: (2431, 2688, 1881),
        IMAGE: (2431, 2706, 1220),
    },
    ("bumpy", 0.5): {
        DATASET: (2211, 2064, 544),
        STAGE_2: (2116, 259, 527),
        CODES: (2375, 2478, 1045),
        IMAGE: (2573, 2375, 86),
    },
    ("bumpy", 0.8): {
        DATASET: (2724, 2678, 676),
        STAGE_2: (2459, 302, 420),
        CODES: (2431, 2678, 804),
        IMAGE: (2431, 2605, 1042),
    },
}
