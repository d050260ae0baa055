"""Push and pull: a folder to the Hugging Face hub, and back, whole or not at all.

The hub is where HF_ENDPOINT says; who asks is who `hf auth login` or HF_TOKEN says.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalTokenNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from elmjax import config as configuration
from elmjax import lock
from elmjax.config import Config, ConfigError
from elmjax.hub.card import card
from elmjax.hub.contents import Kind, files_of, is_data, kind_of
from elmjax.qd import History, HistoryError
from elmjax.stages.neighbours import nearest
from physics.entry import is_entry

# What the HTTP client of the library raises where it gets no answer; its package changes.
_NoAnswerError: Any = HfHubHTTPError.__mro__[1]
LOGIN = "log in with hf auth login, or set HF_TOKEN"


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """What came.

    Attributes:
        kind: A run or a model.
        files: How many.
        code: Functions that the run's configuration names, which run when it is gone on with.
        endpoint: Address that is asked then, with a key from the environment.
    """

    kind: Kind
    files: int
    code: tuple[str, ...] = ()
    endpoint: str = ""


def push(folder: Path, name: str, *, private: bool = False) -> tuple[str, int]:
    """Writes a run, or a model, to a repository, which is made if need be.

    What the repository holds of an earlier push, and the folder no more, is deleted there.

    Args:
        folder: Of a run or of a model.
        name: `OWNER/NAME`.
        private: Of a repository that is made.

    Returns:
        The repository's address, and the number of files.

    Raises:
        ConfigError: the folder holds neither, or the hub refuses.
        FolderInUseError: a process writes to the run.
    """
    kind = kind_of(folder)
    if kind is None:
        raise ConfigError(
            f"FOLDER: {folder} holds neither a run nor a model, wanted one{nearest(folder)}"
        )
    if kind is Kind.MODEL:
        return _push(folder, name, kind, private, {})
    lock.hold(folder)
    try:
        return _push(folder, name, kind, private, {"README.md": card(folder, name).encode()})
    finally:
        lock.release(folder)


def _push(
    folder: Path, name: str, kind: Kind, private: bool, written: dict[str, bytes]
) -> tuple[str, int]:
    contents: dict[str, Path | bytes] = {path: folder / path for path in files_of(folder, kind)}
    contents |= written
    api = _api()
    with _told(name, api):
        url = api.create_repo(name, repo_type=kind, private=private, exist_ok=True)
        there = api.list_repo_files(name, repo_type=kind)
        gone = [path for path in there if is_data(kind, path) and path not in contents]
        api.create_commit(
            name,
            repo_type=kind,
            commit_message=f"elmjax push: {folder.resolve().name}",
            operations=[
                *(
                    CommitOperationAdd(path_in_repo=path, path_or_fileobj=content)
                    for path, content in contents.items()
                ),
                *(CommitOperationDelete(path_in_repo=path) for path in gone),
            ],
        )
    return str(url), len(contents)


def pull(name: str, folder: Path, *, revision: str | None = None) -> Pulled:
    """Reads a run or a model from a repository into a new folder.

    Only data comes, by the names in `contents`: no Python, no pickle, no checkpoint.

    Args:
        name: `OWNER/NAME`; a dataset, which holds a run, or a model.
        folder: That is not there, or empty.
        revision: Branch, tag or commit; None: the newest.

    Raises:
        ConfigError: the folder is taken, there is no such repository, or it holds neither.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"FOLDER: {folder} is there already; give another folder")
    api = _api()
    with _told(name, api):
        kind, commit, paths = _listed(api, name, revision)
    wanted = [path for path in paths if is_data(kind, path)]
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.absolute().parent))
    try:
        with _told(name, api):
            for path in wanted:
                api.hf_hub_download(
                    name, path, repo_type=kind, revision=commit, local_dir=place / "files"
                )
        shutil.rmtree(place / "files" / ".cache", ignore_errors=True)
        config = _checked(place / "files", kind, name)
        folder.mkdir(exist_ok=True)
        (place / "files").replace(folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if config is None:
        return Pulled(kind=kind, files=len(wanted))
    asked, code = config.evolve.endpoint.url, tuple(_code(config))
    return Pulled(kind=kind, files=len(wanted), code=code, endpoint=asked)


def _api() -> HfApi:
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT"), library_name="elmjax")


def _listed(api: HfApi, name: str, revision: str | None) -> tuple[Kind, str | None, list[str]]:
    """Kind, commit and files of a repository: a dataset before a model of the same name."""
    for kind in Kind:
        try:
            info = api.repo_info(name, repo_type=kind, revision=revision)
        except RepositoryNotFoundError:
            continue
        siblings = getattr(info, "siblings", None) or []
        return kind, info.sha, [each.rfilename for each in siblings]
    raise ConfigError(
        f"{name}: {api.endpoint} has no such dataset or model, or it is private; {LOGIN}"
    )


def _checked(folder: Path, kind: Kind, name: str) -> Config | None:
    """A run's configuration; a model has none.

    Raises:
        ConfigError: what came is no run of this version, or no model.
    """
    if not folder.is_dir() or kind_of(folder) is not kind:
        what = "config.toml" if kind is Kind.RUN else "config.json with *.safetensors"
        raise ConfigError(f"{name} holds no {what}, wanted what elmjax push has written")
    if kind is Kind.MODEL:
        return None
    config = configuration.load_dumped(folder / "config.toml")
    try:
        for history in folder.glob("*/history"):
            History.open(history)
    except HistoryError as error:
        raise ConfigError(f"{name}: {error}") from None
    return config


def _code(config: Config) -> Iterator[str]:
    likes = [values.get("like", "") for values in config.terrain.values()]
    for function in (*config.evolve.own.values(), config.physics.backend, *map(str, likes)):
        if is_entry(function):
            yield function


@contextmanager
def _told(name: str, api: HfApi) -> Iterator[None]:
    """What the hub refuses becomes one line."""
    try:
        yield
    except HFValidationError as error:
        raise ConfigError(f"NAME: got {name!r}, wanted OWNER/NAME ({_line(error)})") from None
    except RevisionNotFoundError:
        raise ConfigError(f"--revision: {name} has no such branch, tag or commit") from None
    except GatedRepoError:
        raise ConfigError(f"{name}: ask for access at {api.endpoint}/{name}, and {LOGIN}") from None
    except (RepositoryNotFoundError, LocalTokenNotFoundError):
        raise ConfigError(f"{name}: {api.endpoint} does not know you; {LOGIN}") from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        advice = f"; {LOGIN}" if status in (401, 403) else ""
        raise ConfigError(f"{name}: {api.endpoint} says {status}: {_line(error)}{advice}") from None
    except _NoAnswerError as error:
        raise ConfigError(f"{name}: cannot reach {api.endpoint}: {_line(error)}") from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
