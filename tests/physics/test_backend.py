"""Which backend a name stands for, and what is said where it cannot run."""

import sys
from types import SimpleNamespace

import pytest

from physics.backends.backend import BACKENDS, open_backend

TPU = SimpleNamespace(platform="tpu", device_kind="TPU v5 lite")
GPU = SimpleNamespace(platform="gpu", device_kind="NVIDIA H200")


def test_an_unknown_backend_is_refused():
    with pytest.raises(ValueError, match="unknown backend: got 'warp', want one of: auto, xla"):
        open_backend("warp")


def test_auto_is_the_kernel_on_a_tpu_and_says_so():
    name = "pallas_tpu (TPU v5 lite); more than 64 joints: xla (tpu)"
    assert open_backend("auto", devices=[TPU]).name == name
    assert open_backend("pallas_tpu", devices=[TPU]).name == name


def test_auto_is_xla_on_a_gpu_whose_kernel_goes_by_name():
    assert open_backend("auto", devices=[GPU]).name == "xla (gpu)"
    name = "pallas_gpu (NVIDIA H200); more than 64 joints: xla (gpu)"
    assert open_backend("pallas_gpu", devices=[GPU]).name == name


@pytest.mark.parametrize(
    ("name", "devices", "wanted"),
    [
        ("pallas_tpu", None, r"on a cpu, want a tpu \(.*pip install 'elmjax\[tpu\]'\)"),
        ("pallas_gpu", None, r"on a cpu, want a gpu \(.*pip install 'elmjax\[cuda\]'\)"),
        ("pallas_gpu", [TPU], "on a tpu, want a gpu"),
        ("native", [TPU], "on a tpu, want a cpu; xla and auto run here"),
    ],
)
def test_a_backend_for_other_hardware_is_refused_in_one_line(name, devices, wanted):
    with pytest.raises(ValueError, match=f"backend: got '{name}' {wanted}") as error:
        open_backend(name, devices=devices)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("device", [TPU, GPU])
def test_xla_runs_anywhere(device):
    assert open_backend("xla", devices=[device]).name == f"xla ({device.platform})"


def test_every_name_is_one_that_a_run_can_be_configured_with():
    from elmjax.config import schema

    assert schema.BACKENDS == BACKENDS


def test_a_backend_of_others_is_opened_by_its_function(monkeypatch):
    monkeypatch.setitem(sys.modules, "others", SimpleNamespace(open=OtherBackend, empty=dict))
    assert open_backend("others:open", threads=3).threads == 3
    with pytest.raises(ValueError, match="backend: got 'others:opn', but others has no 'opn'; did"):
        open_backend("others:opn")
    with pytest.raises(ValueError, match="others:empty gives a dict without name, calls, schedule"):
        open_backend("others:empty")


class OtherBackend:
    """Has what a backend has."""

    name = calls = schedule = join = compile = paths = None

    def __init__(self, *, devices, threads):
        self.threads = threads
