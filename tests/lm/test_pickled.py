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


TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n"
FLOATS = b"ctorch\nFloatStorage\n"
NAMES = b"ccollections\nOrderedDict\n"


def text(word: str) -> bytes:
    return b"X" + len(word).to_bytes(4, "little") + word.encode()


def attributes(**values: bytes) -> bytes:
    """A dict for BUILD."""
    return b"}(" + b"".join(text(name) + value for name, value in values.items()) + b"u"


HOSTILE = {
    "calls a function": b"cos\nsystem\n(" + text("true") + b"tR.",
    "calls a builtin": b"c__builtin__\neval\n(" + text("1") + b"tR.",
    "names a dunder of ours": b"ctorch._utils\n_rebuild_tensor_v2.__globals__\n.",
    "names a module of torch": b"ctorch\nload\n(" + text("x") + b"tR.",
    "names with the stack": b"\x80\x04" + text("os") + text("system") + b"\x93.",
    "makes an instance (INST)": b"(" + text("true") + b"ios\nsystem\n.",
    "makes an instance (OBJ)": b"(cos\nsystem\n" + text("true") + b"o.",
    "makes an instance (NEWOBJ)": NAMES + b")\x81.",
    "makes an instance (NEWOBJ_EX)": b"\x80\x04" + NAMES + b")}\x92.",
    "names by number (EXT1)": b"\x82\x01.",
    "persistent name of old (PERSID)": b"Pos.system\n.",
    "changes what builds tensors": TENSOR + attributes(__defaults__=b")") + b"b.",
    "changes it by slots": TENSOR + b"N" + attributes(__defaults__=b")") + b"\x86b.",
    "changes a type of numbers": FLOATS + b"(K\x03" + text("<") + b"NNNJ\xff\xff\xff\xffK\x00tb.",
    "calls a type of numbers": FLOATS + b")R.",
    "hides what it holds": NAMES + b")R" + text("w") + text("no tensor") + b"s"
    + attributes(items=NAMES, keys=NAMES) + b"b.",
    "nests what is no tensor": b"}" + text("w") + b"}" + text("v") + b"K\x01ss.",
    "a number as a name": b"}K\x01K\x01s.",
    "a storage that is none": b"(" + text("storage") + text("float") + text("0") + text("cpu")
    + b"K\x01tQ.",
    "a storage outside the archive": b"(" + text("storage") + FLOATS + text("../../x") + text("cpu")
    + b"K\x01tQ.",
    "remembers at a place far away": b"}r\xff\xff\xff\x7f.",
    "ends too early": b"}(" + text("w"),
    "lacks what it takes": b"R.",
}  # fmt: skip


@pytest.mark.parametrize("trick", HOSTILE)
def test_tricks_are_refused_in_a_line(trick, tmp_path) -> None:
    path = tmp_path / "pytorch_model.bin"
    content = HOSTILE[trick]
    content = content if content.startswith(b"\x80") else b"\x80\x02" + content
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", content)
    with pytest.raises(ValueError, match=r"pytorch_model\.bin") as refused:
        dict(PickledTensors(path))
    assert len(str(refused.value).splitlines()) == 1


def test_no_trick_outlives_its_file(tmp_path) -> None:
    """What was refused before has not changed how tensors are read after."""
    numbers = np.arange(6, dtype=np.float32)
    storage = b"(" + text("storage") + FLOATS + text("0") + text("cpu") + b"K\x06tQ"
    tensor = TENSOR + b"(" + storage + b"K\x00K\x02K\x03\x86K\x03K\x01\x86\x89" + NAMES + b")RtR"
    # PyTorch notes versions of modules as an attribute of the dict.
    whole = NAMES + b")R" + text("w") + tensor + b"s" + attributes(_metadata=NAMES + b")R") + b"b."
    path = tmp_path / "pytorch_model.bin"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", b"\x80\x02" + whole)
        file.writestr("archive/data/0", numbers.tobytes())
    read = dict(PickledTensors(path))
    assert list(read) == ["w"]
    np.testing.assert_array_equal(read["w"], numbers.reshape(2, 3))


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
