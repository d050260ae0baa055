"""Terrain encoders: what the conditional model is shown of the ground, as prefix embeddings.

Two of them (Evolution through Large Models, section 7 and appendix I): a learned code per terrain,
and a residual network on a picture of the terrain. Either gives `slots` embeddings of the language
model's width, put before the prompt. Normalisation is GroupNorm: with BatchNorm the policy that
samples and the policy that is trained differ, and the first ratio of PPO is not 1. Networks
trained with BatchNorm keep it frozen: its statistics, scales and shifts are never trained.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

Params = dict[str, Any]


# Size of what distinguishes terrains at the start, as a fraction of a fresh token embedding's: the
# language model still reads the prefix that it was trained with, and PPO can tell terrains apart.
INITIAL_CONTRAST = 0.2

# Of the channels of ImageNet, as which networks trained on it are to see a picture.
PHOTOGRAPH_MEAN = (0.485, 0.456, 0.406)
PHOTOGRAPH_DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True, kw_only=True)
class TerrainEncoderConfig:
    """Shape of an encoder. Hashable, so that it can key a compilation.

    Raises:
        ValueError: If a size is out of range or the fields of the chosen kind are missing.
    """

    kind: Literal["codes", "image"]
    width: int  # of the language model
    slots: int = 4  # embeddings put before the prompt
    codes: int = 0  # terrains that have a code; kind "codes" only
    image: tuple[int, int] = (32, 64)  # height and width in pixels; kind "image", as the rest
    stage_sizes: tuple[int, ...] = (1, 1, 1)  # residual blocks per stage
    channels: int = 8  # of the first stage; every later stage halves the picture and doubles them
    bottleneck: bool = False  # 1x1, 3x3, 1x1 with four times the channels out, or two 3x3
    stem_kernel: int = 3
    stem_pool: bool = False
    # Parts of the picture, down and across, that are averaged apart. One mean over the whole
    # forgets where things are: it leaves the walls on the left and on the right half as different.
    regions: tuple[int, int] = (2, 4)
    # "frozen_batch" is that of networks trained on photographs, which read three channels.
    normalisation: Literal["group", "frozen_batch"] = "group"

    def __post_init__(self) -> None:
        if self.kind not in ("codes", "image"):
            raise ValueError(f'kind must be "codes" or "image", got {self.kind!r}')
        if self.width < 1 or self.slots < 1:
            raise ValueError(
                f"width and slots must be at least 1, got width {self.width}, slots {self.slots}"
            )
        if self.kind == "codes" and self.codes < 1:
            raise ValueError(f"codes must be the number of terrains, at least 1; got {self.codes}")
        if self.kind == "image":
            self._check_network()

    def _check_network(self) -> None:
        if self.channels < 4 or self.channels % 4 != 0:
            raise ValueError(f"channels must be a positive multiple of 4, got {self.channels}")
        if not self.stage_sizes or min(self.stage_sizes) < 1:
            raise ValueError(f"stage_sizes must be positive block counts, got {self.stage_sizes}")
        shrink = 2 ** (len(self.stage_sizes) + int(self.stem_pool))
        height, width = (shrink * parts for parts in self.regions)
        if self.image[0] % height != 0 or self.image[1] % width != 0 or min(self.image) < 1:
            raise ValueError(
                f"image must be a multiple of {height} x {width} pixels for "
                f"{len(self.stage_sizes)} stages and regions {self.regions}, got {self.image}"
            )


def resnet50(
    *, width: int, slots: int = 4, image: tuple[int, int] = (64, 128)
) -> TerrainEncoderConfig:
    """The paper's network, ResNet-50 (He et al. 2015, https://arxiv.org/abs/1512.03385)."""
    return TerrainEncoderConfig(
        kind="image",
        width=width,
        slots=slots,
        image=image,
        stage_sizes=(3, 4, 6, 3),
        channels=64,
        bottleneck=True,
        stem_kernel=7,
        stem_pool=True,
        regions=(1, 1),
    )


class ResidualBlock(nnx.Module):
    """Adds a stack of convolutions to its input; the first block of a stage halves the picture."""

    def __init__(
        self, inputs: int, channels: int, stride: int, config: TerrainEncoderConfig, rngs: nnx.Rngs
    ):
        if config.bottleneck:
            self.outputs = 4 * channels
            shapes = [(inputs, channels, 1, 1), (channels, channels, 3, stride)]
            shapes.append((channels, self.outputs, 1, 1))
        else:
            self.outputs = channels
            shapes = [(inputs, channels, 3, stride), (channels, channels, 3, 1)]
        last = len(shapes) - 1
        self.layers = nnx.Dict(
            {
                # The last norm's scale starts at zero, so that a fresh block is the identity.
                f"layer{i}": _ConvolutionNorm(*shape, config, scale=float(i < last), rngs=rngs)
                for i, shape in enumerate(shapes)
            }
        )
        if stride != 1 or inputs != self.outputs:
            self.shortcut = _ConvolutionNorm(
                inputs, self.outputs, 1, stride, config, scale=1.0, rngs=rngs
            )

    def __call__(self, picture: Array) -> Array:
        """[batch, height, width, inputs] -> [batch, height / stride, width / stride, outputs]."""
        stream = picture
        for i in range(len(self.layers)):
            stream = self.layers[f"layer{i}"](jax.nn.relu(stream) if i else stream)
        shortcut = self.shortcut(picture) if hasattr(self, "shortcut") else picture
        return jax.nn.relu(shortcut + stream)


class ResidualNetwork(nnx.Module):
    """Stem, stages of residual blocks, mean over each region of the picture."""

    def __init__(self, config: TerrainEncoderConfig, *, rngs: nnx.Rngs):
        self.pool = config.stem_pool
        self.inputs = 3 if config.normalisation == "frozen_batch" else 1
        self.stem = _ConvolutionNorm(
            self.inputs, config.channels, config.stem_kernel, 2, config, scale=1.0, rngs=rngs
        )
        self.block_names = tuple(
            f"stage{stage}_block{block}"
            for stage, size in enumerate(config.stage_sizes)
            for block in range(size)
        )
        self.blocks: nnx.Dict[ResidualBlock] = nnx.Dict({})
        self.outputs = config.channels
        for name in self.block_names:
            stage, block = (int(part[5:]) for part in name.split("_"))
            self.blocks[name] = ResidualBlock(
                self.outputs,
                config.channels * 2**stage,
                2 if stage > 0 and block == 0 else 1,
                config,
                rngs,
            )
            self.outputs = self.blocks[name].outputs
        self.regions = config.regions
        self.features = self.outputs * math.prod(config.regions)

    def __call__(self, picture: Array) -> Array:
        """[batch, height, width, 1] -> [batch, features]."""
        if self.inputs == 3:
            picture = (picture - jnp.asarray(PHOTOGRAPH_MEAN)) / jnp.asarray(PHOTOGRAPH_DEVIATION)
        picture = jax.nn.relu(self.stem(picture))
        if self.pool:
            picture = nnx.max_pool(picture, (3, 3), (2, 2), padding=((1, 1), (1, 1)))
        for name in self.block_names:
            picture = self.blocks[name](picture)
        batch, height, width, channels = picture.shape
        down, across = self.regions
        parts = picture.reshape(batch, down, height // down, across, width // across, channels)
        return parts.mean(axis=(2, 4)).reshape(batch, -1)


class TerrainEncoder(nnx.Module):
    """What the prefix of a terrain adds to that of none; `INITIAL_CONTRAST` of a token at first."""

    def __init__(self, config: TerrainEncoderConfig, *, rngs: nnx.Rngs):
        self.kind, self.slots, self.width = config.kind, config.slots, config.width
        outputs = config.slots * config.width
        scale = INITIAL_CONTRAST * config.width**-0.5
        if config.kind == "codes":
            self.code = nnx.Embed(
                config.codes,
                outputs,
                embedding_init=nnx.initializers.normal(scale),
                rngs=rngs,
            )
        else:
            self.network = ResidualNetwork(config, rngs=rngs)
            # The scale of the features depends on the network, that of the prefix must not.
            self.norm = nnx.LayerNorm(self.network.features, rngs=rngs)
            self.projection = nnx.Linear(
                self.network.features,
                outputs,
                kernel_init=nnx.initializers.variance_scaling(scale**2, "fan_in", "normal"),
                rngs=rngs,
            )

    def __call__(self, terrain: Array) -> Array:
        """Encodes [batch] codes or [batch, height, width] pictures: [batch, slots, width]."""
        if self.kind == "codes":
            prefix = self.code(terrain)
        else:
            prefix = self.projection(self.norm(self.network(terrain[..., None])))
        return prefix.reshape(-1, self.slots, self.width)


def init_encoder(config: TerrainEncoderConfig, key: Array) -> Params:
    """Fresh parameters, a nested dict of float32 arrays with string keys.

    Args:
        config: Shape of the encoder.
        key: Typed PRNG key.
    """
    return nnx.to_pure_dict(nnx.state(TerrainEncoder(config, rngs=nnx.Rngs(key)), nnx.Param))


def encode(params: Params, config: TerrainEncoderConfig, terrain: Array) -> Array:
    """Prefix embeddings of terrains.

    Args:
        params: Of `init_encoder`.
        config: Shape of the encoder.
        terrain: [batch] int32 codes, or [batch, height, width] float32 pictures, 1 where solid.

    Returns:
        [batch, slots, width].

    Raises:
        ValueError: If the terrains are not what the encoder's kind reads.
    """
    wanted = config.image if config.kind == "image" else ()
    if terrain.shape[1:] != wanted:
        raise ValueError(
            f"terrain must be [batch{''.join(f', {size}' for size in wanted)}] for an encoder of "
            f"kind {config.kind!r}, got shape {terrain.shape}"
        )
    return nnx.merge(_graph(config), params)(terrain)


class FrozenBatchNorm(nnx.Module):
    """Batch normalisation with the statistics of another training; nothing of it is trained."""

    def __init__(self, channels: int, *, scale: float):
        self.mean = nnx.Param(jnp.zeros(channels))
        self.variance = nnx.Param(jnp.ones(channels))
        self.scale = nnx.Param(jnp.full(channels, scale))
        self.bias = nnx.Param(jnp.zeros(channels))

    def __call__(self, picture: Array) -> Array:
        """[batch, height, width, channels] of the same shape."""
        mean, variance, scale, bias = (
            jax.lax.stop_gradient(part[...])
            for part in (self.mean, self.variance, self.scale, self.bias)
        )
        return (picture - mean) * (scale * jax.lax.rsqrt(variance + 1e-5)) + bias


class _ConvolutionNorm(nnx.Module):
    """Convolution without bias, then the norm of the configuration."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int,
        config: TerrainEncoderConfig,
        *,
        scale: float,
        rngs: nnx.Rngs,
    ):
        # The same on both sides: "SAME" pads unequally where the stride is 2.
        padding = (kernel // 2, kernel // 2)
        self.convolution = nnx.Conv(
            inputs,
            outputs,
            (kernel, kernel),
            strides=(stride, stride),
            padding=(padding, padding),
            use_bias=False,
            kernel_init=nnx.initializers.variance_scaling(2.0, "fan_in", "normal"),
            rngs=rngs,
        )
        if config.normalisation == "frozen_batch":
            self.norm: nnx.Module = FrozenBatchNorm(outputs, scale=scale)
            return
        # Groups of at least four channels: those of one would erase each channel's mean, which is
        # all that the pooling keeps.
        self.norm = nnx.GroupNorm(
            outputs,
            num_groups=math.gcd(32, outputs // 4),
            scale_init=nnx.initializers.constant(scale),
            rngs=rngs,
        )

    def __call__(self, picture: Array) -> Array:
        return self.norm(self.convolution(picture))


@lru_cache(maxsize=64)
def _graph(config: TerrainEncoderConfig) -> nnx.GraphDef[TerrainEncoder]:
    return nnx.graphdef(nnx.eval_shape(lambda: TerrainEncoder(config, rngs=nnx.Rngs(0))))
