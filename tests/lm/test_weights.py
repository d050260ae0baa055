"""Weights in one file or in many."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from elmjax.lm.weights import open_weights

TENSORS = {f"layer.{i}": np.full((2, 3), float(i), np.float32) for i in range(5)}
INDEX = "model.safetensors.index.json"


@pytest.fixture
def sharded(tmp_path):
    """Two files and their index, as transformers writes a model that is too large for one."""
    names = {name: f"model-0000{1 + i % 2}-of-00002.safetensors" for i, name in enumerate(TENSORS)}
    for file in set(names.values()):
        held = {name: tensor for name, tensor in TENSORS.items() if names[name] == file}
        save_file(held, tmp_path / file)
    write_index(tmp_path, names)
    return tmp_path


def write_index(folder, names):
    content = {"metadata": {"total_size": 120}, "weight_map": names}
    (folder / INDEX).write_text(json.dumps(content))


def names_of(folder) -> dict[str, str]:
    return json.loads((folder / INDEX).read_text())["weight_map"]


def test_tensors_of_all_files_are_one_mapping(sharded):
    read = open_weights(sharded)
    assert set(read) == set(TENSORS)
    assert len(read) == len(TENSORS)
    for name, tensor in TENSORS.items():
        np.testing.assert_array_equal(read[name], tensor)


def test_a_file_that_is_missing_is_named(sharded):
    (sharded / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks model-00002-of-00002\.safetensors, named"):
        open_weights(sharded)


def test_a_tensor_that_its_file_lacks_is_named(sharded):
    write_index(sharded, names_of(sharded) | {"layer.9": "model-00001-of-00002.safetensors"})
    with pytest.raises(ValueError, match=r"model-00001-of-00002\.safetensors lacks layer\.9"):
        open_weights(sharded)


@pytest.mark.parametrize("file", ["../secret.safetensors", "/etc/passwd", "a/b.safetensors"])
def test_files_outside_the_folder_are_refused(sharded, file):
    write_index(sharded, names_of(sharded) | {"layer.0": file})
    with pytest.raises(ValueError, match="is no file of this folder"):
        open_weights(sharded)


@pytest.mark.parametrize("text", ["{", "[]", '{"weight_map": 3}', '{"metadata": {}}'])
def test_a_damaged_index_is_named(sharded, text):
    (sharded / INDEX).write_text(text)
    with pytest.raises(ValueError, match=r"index\.json is damaged"):
        open_weights(sharded)


def test_a_damaged_file_is_named(sharded):
    path = sharded / "model-00001-of-00002.safetensors"
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(ValueError, match=r"model-00001-of-00002\.safetensors is damaged"):
        open_weights(sharded)


def test_a_folder_without_weights_says_what_it_lacks(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"lacks model\.safetensors or pytorch_model\.bin"):
        open_weights(tmp_path)
