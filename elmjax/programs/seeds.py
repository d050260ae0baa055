"""The programs from which the paper's runs start (section 5, appendix B), written from its facts.

They are "not highly tuned" and "barely functional": a run places one of them in the archive and
evolves the rest. Each is in canonical form.
"""

import functools
from collections.abc import Iterator, Mapping
from importlib import resources

_NAMES = ("square", "radial", "cppn_fixed", "cppn_mutable")


@functools.cache
def _read(name: str) -> str:
    return (resources.files("elmjax.programs") / "seeds" / f"{name}.py").read_text("utf-8")


class _ShippedPrograms(Mapping[str, str]):
    """Program texts by name, read when first asked for."""

    def __getitem__(self, name: str) -> str:
        if name not in _NAMES:
            raise KeyError(f"no seed {name!r}, want one of {', '.join(_NAMES)}")
        return _read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


SEEDS: Mapping[str, str] = _ShippedPrograms()
