"""From a TOML file and `--section.key value` overrides to a checked `Config`.

File and command line take the same way: both become one nested dictionary, which is then checked
as a whole, so that a wrong key, type or range reads the same wherever it came from.
"""

import dataclasses
import difflib
import json
import re
import tomllib
import typing
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from elmjax.config.schema import Config, Operator
from elmjax.config.terrain_sets import expanded


class ConfigError(ValueError):
    """A configuration that cannot be used; the message is one line: name, got, wanted."""


def load(base: str | None = None, overrides: Sequence[tuple[str, str]] = ()) -> Config:
    """Reads a configuration.

    Args:
        base: a name in `configs/` (such as "quickstart"), a path to a TOML file, or None for the
            defaults.
        overrides: pairs such as ("evolve.iterations", "10"); the value is read as TOML and, where
            it is not TOML, as a plain string.

    Raises:
        ConfigError: for a missing or unreadable file, an unknown key, a wrong type or range.
    """
    values = _read(_locate(base)) if base is not None else {}
    for name, text in overrides:
        _put(values, name, _parse(text))
    _refuse_unknown(Config, values, ())
    _expand_sets(values)
    config = _validate(values)
    _check_operators(config)
    return config


def load_dumped(path: Path) -> Config:
    """Reads the resolved configuration that a run wrote into its folder."""
    return load(str(path))


def dump(config: Config) -> str:
    """Writes the resolved configuration as TOML that `load` reads back."""
    return tomli_w.dumps(_without_none(dataclasses.asdict(config)))


def named_configs() -> dict[str, Path]:
    """Configurations that ship with the package, by name."""
    installed = Path(str(resources.files("elmjax"))) / "configs"
    checkout = installed.parent.parent / "configs"
    folder = installed if installed.is_dir() else checkout
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null; what is None is None by default."""
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in values.items()
        if value is not None
    }


def _locate(base: str) -> Path:
    named = named_configs()
    if base in named:
        return named[base]
    path = Path(base)
    if path.suffix == ".toml" or "/" in base:
        if path.is_file():
            return path
        raise ConfigError(f"--config: got {base!r}, wanted a TOML file that exists")
    raise ConfigError(
        f"--config: got {base!r}, wanted a path or one of {', '.join(named)}{_nearest(base, named)}"
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _parse(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    *sections, key = name.split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise ConfigError(f"{name}: unknown key: {section!r} is a value, not a section")
    values[key] = value


def _expand_sets(values: dict[str, Any]) -> None:
    """Puts terrains in the place of the sets that stage 3 names; `_validate` judges the rest."""
    conditional, own = values.get("conditional"), values.get("terrain", {})
    if not isinstance(conditional, dict):
        return
    names = conditional.get("terrains")
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        conditional["terrains"] = expanded(names, own if isinstance(own, dict) else ())


def _refuse_unknown(schema: type, values: dict[str, Any], path: tuple[str, ...]) -> None:
    # pydantic does not carry "forbid extra keys" into nested plain dataclasses, nor suggest names.
    fields = typing.get_type_hints(schema)
    for key, value in values.items():
        if key not in fields:
            name = ".".join((*path, key))
            wanted = ", ".join(fields)
            raise ConfigError(f"{name}: unknown key; wanted one of {wanted}{_nearest(key, fields)}")
        if dataclasses.is_dataclass(fields[key]) and isinstance(value, dict):
            _refuse_unknown(typing.cast(type, fields[key]), value, (*path, key))


def _check_operators(config: Config) -> None:
    """Refuses names that are no operator, and operators of one's own that have the name of ours."""
    search, ours = config.evolve, typing.get_args(Operator)
    for name in search.own:
        if name in ours or not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
            raise ConfigError(
                f"evolve.own: got the name {name!r}, wanted small letters, digits, - and _, and "
                f"none of {', '.join(ours)}"
            )
    several = ("mixed", "bandit")
    for setting, names, known in (
        ("evolve.operators", search.operators, [*ours, *search.own]),
        ("evolve.mix", search.mix, [name for name in [*ours, *search.own] if name not in several]),
        ("finetune.operators", config.finetune.operators, [*ours, *search.own]),
    ):
        for name in names:
            if name not in known:
                raise ConfigError(
                    f"{setting}: got {name!r}, wanted {', '.join(map(repr, known))}"
                    f"{_nearest(name, known)}; one of your own is named in evolve.own"
                )


def _validate(values: dict[str, Any]) -> Config:
    complete = _over(dataclasses.asdict(Config()), values)
    try:
        # Strict JSON takes no "3" for 3, but a list for a tuple, which strict Python would not.
        return TypeAdapter(Config).validate_json(json.dumps(complete, default=str), strict=True)
    except ValidationError as errors:
        first = errors.errors()[0]
        # Where a number may be an int or a float, pydantic names the type it tried in the path.
        name = ".".join(str(part) for part in first["loc"] if part not in ("int", "float", "str"))
        if first["type"] == "value_error":  # raised by the section itself
            message = first["msg"].removeprefix("Value error, ")
            raise ConfigError(f"{name}: {message}") from None
        expected = re.findall(r"'([^']*)'", str(first.get("ctx", {}).get("expected", "")))
        hint = _nearest(str(first["input"]), expected)
        raise ConfigError(
            f"{name}: got {first['input']!r}, wanted {_wanted(first)}{hint}"
        ) from None


def _wanted(error: ErrorDetails) -> str:
    named = {
        "int_type": "an integer",
        "int_parsing": "an integer",
        "float_type": "a number",
        "string_type": "a text",
        "tuple_type": "a list",
        "dataclass_type": "a section",
    }
    return named.get(error["type"], error["msg"].removeprefix("Input should be "))


def _over(base: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Lays values over defaults, so that a partly given section keeps its other defaults."""
    nested = {
        key: _over(base[key], value)
        for key, value in values.items()
        if isinstance(value, dict) and isinstance(base.get(key), dict)
    }
    return {**base, **values, **nested}


def _nearest(got: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(got, list(known), n=1)
    return f" (nearest: {near[0]})" if near else ""
