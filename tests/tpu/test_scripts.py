"""The scripts of `tpu/` ask the cloud for the right things, once."""

import shlex
import shutil
import subprocess

import pytest

from tests.tpu.conftest import SCRIPTS

NAMES = ["create", "setup", "run", "logs", "resume", "delete"]


def option(call: list[str], name: str) -> str:
    return next(word.partition("=")[2] for word in call if word.startswith(f"--{name}="))


@pytest.mark.parametrize(
    ("generation", "accelerator", "runtime"),
    [
        ("v4", "v4-8", "tpu-ubuntu2204-base"),
        ("v5e", "v5litepod-1", "v2-alpha-tpuv5-lite"),
        ("v5p", "v5p-8", "v2-alpha-tpuv5"),
        ("v6e", "v6e-1", "v2-alpha-tpuv6e"),
    ],
)
def test_create_queues_for_a_spot_machine_once(
    cloud, script, generation, accelerator, runtime
) -> None:
    assert script("create", GENERATION=generation).returncode == 0
    assert cloud.changes() == ["disks create", "queued-resources create"]
    call = next(call for call in cloud.calls() if "queued-resources" in call and "create" in call)
    assert "--spot" in call
    assert option(call, "accelerator-type") == accelerator
    assert option(call, "runtime-version") == runtime
    assert "zones/us-central1-a/disks/elmjax" in option(call, "data-disk")
    assert script("create", GENERATION=generation).returncode == 0
    assert len(cloud.changes()) == 2


@pytest.mark.parametrize("state", ["SUSPENDED", "FAILED"])
def test_create_does_not_wait_for_a_machine_that_will_not_come(cloud, script, state) -> None:
    cloud.resource(state)
    result = script("create")
    assert result.returncode == 1
    assert f"is {state}, wanted ACTIVE; tpu/resume.sh" in result.stderr


def test_resume_replaces_a_preempted_machine_and_keeps_the_disk(cloud, script) -> None:
    script("create")
    cloud.resource("SUSPENDED")
    before = len(cloud.changes())
    assert script("resume").returncode == 0
    assert cloud.changes()[before:] == [
        "queued-resources delete",
        "queued-resources create",
        "tpu-vm scp",
        "tpu-vm ssh",
        "tpu-vm ssh",
    ]


def test_resume_leaves_a_machine_that_is_there(cloud, script) -> None:
    script("create")
    assert script("resume").returncode == 0
    assert "queued-resources delete" not in cloud.changes()


def test_run_hands_settings_through_two_shells(cloud, script) -> None:
    assert script("run", "--evolve.operators", '["diff", "tree"]', GENERATION="v6e").returncode == 0
    (call,) = cloud.calls()
    assert option(call, "worker") == "all"
    words = shlex.split(option(call, "command"))
    assert words[:4] == ["systemctl", "is-active", "--quiet", "elmjax"]
    assert words[words.index("run") :] == [
        *("run", "--config", "v6e", "--run", "/mnt/elmjax/elmjax"),
        *("--evolve.operators", '["diff", "tree"]'),
    ]


def test_with_a_file_share_all_workers_run_together(cloud, script) -> None:
    share = "10.0.0.2:/share"
    for name in ("create", "setup", "run"):
        assert script(name, NFS=share, ACCELERATOR="v5litepod-16").returncode == 0
    assert "disks create" not in cloud.changes()
    queued = next(call for call in cloud.calls() if "create" in call)
    assert not any("data-disk" in word for word in queued)
    *_, setup, run = cloud.calls()
    assert f"mount -t nfs {share}" in option(setup, "command")
    assert "mkfs" not in option(setup, "command")
    words = shlex.split(option(run, "command"))
    assert words[-2:] == ["--mesh.hosts", "all"]


def test_delete_keeps_the_disk_unless_told(cloud, script) -> None:
    script("create")
    assert script("delete").returncode == 0
    assert (cloud.folder / "disk").exists()
    assert script("delete", "--disk").returncode == 0
    assert not (cloud.folder / "disk").exists()
    before = len(cloud.changes())
    assert script("delete", "--disk").returncode == 0
    assert len(cloud.changes()) == before


@pytest.mark.parametrize("name", ["create", "resume", "delete"])
def test_a_cloud_that_does_not_answer_is_not_taken_for_empty(cloud, script, name) -> None:
    cloud.resource("ACTIVE")
    (cloud.folder / "broken").touch()
    assert script(name).returncode != 0
    assert cloud.changes() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_dry_run_prints_and_calls_nothing(cloud, script, name) -> None:
    result = script(name, "--dry-run")
    assert result.returncode == 0
    assert result.stdout.startswith("gcloud compute ")
    assert cloud.calls() == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("setting", "value"), [("GENERATION", "v9"), ("ZONE", ""), ("PROJECT", "")]
)
def test_bad_settings_are_refused(cloud, script, name, setting, value) -> None:
    result = script(name, **{setting: value})
    assert result.returncode == 2
    assert result.stderr.startswith(f"{setting}: ")
    assert cloud.calls() == []


def test_what_workers_run_is_shell(cloud, script) -> None:
    script("setup")
    command = option(cloud.calls()[-1], "command")
    subprocess.run(["bash", "-n", "-c", command], check=True)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
def test_shellcheck_finds_nothing() -> None:
    subprocess.run(["shellcheck", "-x", *sorted(SCRIPTS.glob("*.sh"))], check=True)
