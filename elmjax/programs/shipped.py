"""Program texts that ship with the package, by name."""

import functools
from collections.abc import Iterator, Mapping
from importlib import resources


@functools.cache
def _read(folder: str, name: str) -> str:
    return (resources.files("elmjax.programs") / folder / f"{name}.py").read_text("utf-8")


class ShippedPrograms(Mapping[str, str]):
    """Texts of a folder of this package, read when first asked for."""

    def __init__(self, folder: str, names: tuple[str, ...]) -> None:
        self._folder = folder
        self._names = names

    def __getitem__(self, name: str) -> str:
        if name not in self._names:
            raise KeyError(f"no program {name!r}, want one of {', '.join(self._names)}")
        return _read(self._folder, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
