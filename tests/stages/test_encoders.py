"""Encoders that a configuration asks for."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from elmjax.config import ConfigError
from elmjax.stages import pipeline
from elmjax.stages.encoders import check_encoder

RESNET = Path(__file__).parents[1] / "golden" / "resnet"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"encoder_weights": "somewhere"}, "got weights for the encoder 'codes'"),
        ({"encoder": "image", "image": (30, 64)}, "image must be a multiple of 16 x 32 pixels"),
        (
            {"encoder": "resnet50", "encoder_weights": "somewhere"},
            r"somewhere holds no readable config\.json",
        ),
    ],
)
def test_encoders_that_cannot_be_made_are_told_early(small_config, change, said) -> None:
    with pytest.raises(ConfigError, match=said):
        check_encoder(dataclasses.replace(small_config.conditional, **change))


@pytest.fixture
def with_weights(small_config, tmp_path):
    """A configuration that starts with a copy of the golden ResNet, and the copy's folder."""
    folder = tmp_path / "resnet"
    shutil.copytree(RESNET, folder)
    changed = dataclasses.replace(
        small_config.conditional, encoder="resnet50", encoder_weights=str(folder)
    )
    return dataclasses.replace(small_config, conditional=changed), folder


def test_weights_that_can_be_read_are_taken(with_weights) -> None:
    check_encoder(with_weights[0].conditional)


def _without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def _cut_off(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _lacking_one(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors["encoder.stages.1.layers.0.shortcut.convolution.weight"]
    save_file(tensors, folder / "model.safetensors")


def _of_another_shape(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    name = "embedder.embedder.normalization.bias"
    save_file(tensors | {name: tensors[name][:-1].copy()}, folder / "model.safetensors")


def _told(folder: Path, **changes: object) -> None:
    content = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_without_weights, r"holds no readable model\.safetensors"),
        (_cut_off, r"holds no readable model\.safetensors"),
        (_lacking_one, r"lacks 'encoder\.stages\.1\.layers\.0\.shortcut\.convolution\.weight'"),
        (_of_another_shape, r"stem\.norm\.bias: got shape \(\d+,\), wanted \(\d+,\)"),
        (lambda folder: (folder / "config.json").write_text("[]"), r"got \[\], wanted an object"),
        (lambda folder: _told(folder, depths=None), "depths: got None, wanted counts"),
        (lambda folder: _told(folder, embedding_size="4"), r"embedding_size: got \['4'\]"),
        (lambda folder: _told(folder, embedding_size=[4, 4]), r"embedding_size: got \[\[4, 4\]\]"),
        (lambda folder: _told(folder, depths=[9, 9]), "lacks 'encoder"),
    ],
)
def test_bad_weights_are_told_before_a_run_begins(with_weights, tmp_path, damage, said) -> None:
    config, folder = with_weights
    damage(folder)
    with pytest.raises(ConfigError, match=said) as raised:
        pipeline.open_run(tmp_path / "run", config)
    assert str(raised.value).startswith("conditional.encoder_weights: ")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()
