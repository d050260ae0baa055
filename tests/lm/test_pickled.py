"""Files of PyTorch: tensors are read, anything else is refused before it is run."""

import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from elmjax.lm.pickled import PickledTensors


class Command:
    """Has a shell command run by whoever unpickles it."""

    def __init__(self, command: str):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def archive(path: Path, content: object) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(content, protocol=2))
        file.writestr("archive/version", "3\n")
    return path


def test_what_a_pickle_would_run_is_refused(tmp_path) -> None:
    trace = tmp_path / "trace"
    command = f"touch {trace}"
    pickle.loads(pickle.dumps(Command(command)))
    assert trace.exists()  # it would
    trace.unlink()
    path = archive(tmp_path / "pytorch_model.bin", OrderedDict(weight=Command(command)))
    with pytest.raises(ValueError, match=r"pytorch_model\.bin"):
        dict(PickledTensors(path))
    assert not trace.exists()


def test_what_is_no_tensor_is_refused(tmp_path) -> None:
    path = archive(tmp_path / "pytorch_model.bin", {"weight": "text"})
    with pytest.raises(ValueError, match=r"pytorch_model\.bin"):
        dict(PickledTensors(path))


def test_what_is_no_archive_is_refused(tmp_path) -> None:
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(b"not a zip")
    with pytest.raises(ValueError, match=r"pytorch_model\.bin"):
        dict(PickledTensors(path))


def test_tensors_are_those_that_torch_saved(tmp_path) -> None:
    torch = pytest.importorskip("torch", reason="writes the file")
    whole = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    tensors = {
        "whole": whole,
        "view": whole[1:3, ::2],
        "turned": whole.T,
        "half": whole.half(),
        "brain": whole.bfloat16(),
        "integers": torch.tensor([1, 2, 3]),
    }
    torch.save(tensors, tmp_path / "pytorch_model.bin")
    read = dict(PickledTensors(tmp_path / "pytorch_model.bin"))
    assert read.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(np.float32(read[name]), tensor.float().numpy(), err_msg=name)
