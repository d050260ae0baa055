"""Shapes of decoders by name: those of the paper's Table 1, and smaller ones for CPUs.

Layers, width and heads are Table 1's (arXiv 2206.08896; its GPT-3 layers have 8 width^2 weights
between the attentions). Ours are of the Llama family, whose three matrices have as many where the
hidden width is 8/3 of the width; it is rounded up, to 256 in large models, which TPUs like. The
names count weights without the embeddings. 1M is the shape of the model that ships.
"""

from elmjax.config.schema import Finetune, Model, Size

SIZES: dict[Size, Model] = {
    "0.1M": Model(layers=2, width=64, heads=4, hidden=176),
    "1M": Model(layers=4, width=128, heads=4, hidden=384),
    "3M": Model(layers=6, width=192, heads=6, hidden=512),
    "10M": Model(layers=8, width=320, heads=5, hidden=864),
    "85M": Model(layers=12, width=768, heads=12, hidden=2048),
    "300M": Model(layers=24, width=1024, heads=16, hidden=2816),
    "680M": Model(layers=24, width=1536, heads=16, hidden=4096),
}


def shape_of(config: Finetune) -> Model:
    """Of a model that starts from random weights."""
    return config.model if config.size is None else SIZES[config.size]
