"""Low-rank adapters: small trained matrices beside frozen projections (Hu et al. 2021).

The weight of an adapted projection is W + (alpha / rank) A B, of which only A and B are trained
(https://arxiv.org/abs/2106.09685). `shape` says which projections, `linear` computes them,
`adapters` makes them, joins them to the weights they stand beside and merges them, `targets` finds
them by the names of a family, and `peft` reads and writes their files.
"""
