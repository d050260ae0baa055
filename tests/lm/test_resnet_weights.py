"""ResNets of Hugging Face against features that transformers and torch gave.

`golden/resnet` was written by `ResNetModel.save_pretrained` (transformers 5.23, torch 2.13) with
large random weights and statistics, and `golden/resnet_features.safetensors` holds its pooled
output for two pictures, repeated over three channels and normalised as photographs are.
"""

import json
import shutil
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from safetensors.numpy import load_file, save_file

from elmjax.lm.resnet_weights import load_resnet, resnet_config
from elmjax.lm.terrain_encoder import ResidualNetwork, encode

GOLDEN = Path(__file__).parents[1] / "golden"
FOLDER = GOLDEN / "resnet"


@pytest.fixture(scope="module")
def config():
    return resnet_config(FOLDER, width=16, slots=2, image=(32, 64))


@pytest.fixture(scope="module")
def params(config):
    return load_resnet(FOLDER, config, jax.random.key(0))


def test_features_are_those_of_torch(config, params) -> None:
    golden = load_file(GOLDEN / "resnet_features.safetensors")
    graph = nnx.graphdef(nnx.eval_shape(lambda: ResidualNetwork(config, rngs=nnx.Rngs(0))))
    network = jax.jit(lambda params, x: nnx.merge(graph, params)(x))
    features = network(params["network"], jnp.asarray(golden["picture"])[..., None])
    np.testing.assert_allclose(features, golden["features"], rtol=1e-4, atol=1e-4)


def test_gradients_reach_convolutions_and_no_statistics(config, params) -> None:
    picture = jnp.asarray(load_file(GOLDEN / "resnet_features.safetensors")["picture"])
    direction = jax.random.normal(jax.random.key(1), (2, 2, 16))

    def objective(params):
        return jnp.sum(direction * encode(params, config, picture))

    for path, leaf in jax.tree_util.tree_leaves_with_path(jax.jit(jax.grad(objective))(params)):
        names = [key.key for key in path]
        frozen = "network" in names and "norm" in names
        assert bool(jnp.any(leaf != 0.0)) != frozen, names


def test_what_is_no_such_resnet_is_refused(tmp_path, config) -> None:
    with pytest.raises(ValueError, match=r"holds no readable config\.json"):
        resnet_config(tmp_path, width=16, slots=2, image=(32, 64))
    shutil.copytree(FOLDER, tmp_path / "other")
    content = json.loads((FOLDER / "config.json").read_text())
    (tmp_path / "other" / "config.json").write_text(json.dumps(content | {"num_channels": 1}))
    with pytest.raises(ValueError, match="num_channels: got 1, wanted 3"):
        resnet_config(tmp_path / "other", width=16, slots=2, image=(32, 64))
    (tmp_path / "other" / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"no readable model\.safetensors"):
        load_resnet(tmp_path / "other", config, jax.random.key(0))


def test_half_precision_weights_are_read_as_float32(tmp_path, config, params) -> None:
    shutil.copytree(FOLDER, tmp_path / "half")
    halved = {
        name: tensor.astype(np.float16)
        for name, tensor in load_file(FOLDER / "model.safetensors").items()
    }
    save_file(halved, tmp_path / "half" / "model.safetensors")
    network = load_resnet(tmp_path / "half", config, jax.random.key(0))["network"]
    for leaf, whole in zip(
        jax.tree.leaves(network), jax.tree.leaves(params["network"]), strict=True
    ):
        assert leaf.dtype == np.float32
        np.testing.assert_allclose(leaf, whole, rtol=1e-3, atol=1e-6)
