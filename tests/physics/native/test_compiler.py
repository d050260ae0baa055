import logging
import stat

import pytest

from physics.backends import backend
from physics.backends.backend import open_backend
from physics.backends.native import compiler
from physics.backends.native.compiler import CannotCompileError, load_library
from physics.body import CAPACITIES

SMALL = CAPACITIES[0]


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """Nothing loaded and nothing kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    load_library.cache_clear()
    backend._warned.clear()
    yield tmp_path / "elmjax" / "physics"
    load_library.cache_clear()


def _without_compilers(monkeypatch):
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None)


def _with_compiler(monkeypatch, path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(compiler.shutil, "which", lambda name: str(path))


def test_a_library_is_compiled_once(fresh, monkeypatch):
    load_library(SMALL, compiler.best_instructions())
    (library,) = fresh.iterdir()
    load_library.cache_clear()
    monkeypatch.setattr(compiler, "_compile", lambda *arguments: pytest.fail("compiled again"))
    load_library(SMALL, compiler.best_instructions())
    assert list(fresh.iterdir()) == [library]


def test_other_sources_and_processors_have_libraries_of_their_own(monkeypatch):
    found = compiler.find_compiler()
    digests = set()
    for processor in ("a", "b"):
        for command in (("-O3",), ("-O2",)):
            monkeypatch.setattr(compiler, "_processor", lambda processor=processor: processor)
            compiler._digest.cache_clear()
            digests.add(compiler._digest(found, command))
    compiler._digest.cache_clear()
    assert len(digests) == 4


def test_a_folder_that_cannot_be_written_is_no_obstacle(fresh, monkeypatch, tmp_path, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert load_library(SMALL, compiler.best_instructions()).walk_batch
    assert "is not kept" in caplog.text


def test_without_a_compiler_auto_is_xla_and_says_so_once(fresh, monkeypatch, caplog):
    _without_compilers(monkeypatch)
    with caplog.at_level(logging.WARNING):
        names = [open_backend("auto").name for _ in range(3)]
    assert names == ["xla (cpu)"] * 3
    (record,) = caplog.records
    assert "no C compiler (cc, gcc, clang) on the search path" in record.message
    with pytest.raises(ValueError, match="backend: got 'native', but no C compiler"):
        open_backend("native")


def test_a_compiler_that_fails_is_told_in_one_line(fresh, monkeypatch, tmp_path):
    _with_compiler(monkeypatch, tmp_path / "cc", "echo 'walk.h:1: error: no' >&2; exit 1")
    with pytest.raises(CannotCompileError, match=r"^cc failed: walk\.h:1: error: no$"):
        load_library(SMALL, "scalar")
    assert not list(fresh.iterdir())


def test_a_processor_is_not_given_what_it_lacks(monkeypatch):
    monkeypatch.setattr(compiler, "_processor_flags", lambda: frozenset({"avx2", "fma"}))
    assert compiler.best_instructions() == "avx2"
    with pytest.raises(ValueError, match="'native-avx512', but this processor has no avx512"):
        open_backend("native-avx512")
    monkeypatch.setattr(compiler, "_processor_flags", frozenset)
    assert compiler.best_instructions() == "scalar"
