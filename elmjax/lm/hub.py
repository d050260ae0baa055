"""Models by their name on the hub of Hugging Face, fetched once into its cache.

Where files lie and how to come by them are the settings of `huggingface_hub`: `HF_HOME`,
`HF_ENDPOINT`, `HF_HUB_OFFLINE`, `HF_TOKEN`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./-]+)?", re.ASCII)

# Nothing else of a repository is of use here; above all, no code of it.
_DESCRIPTIONS = (
    *("config.json", "adapter_config.json"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt"),
)
_SAFE = ("model*.safetensors", "model.safetensors.index.json", "adapter_model.safetensors")
_PICKLED = ("pytorch_model*.bin", "pytorch_model.bin.index.json", "adapter_model.bin")


def is_hub_name(name: str) -> bool:
    """Whether a text could be the name of a model there: owner/name or owner/name@revision."""
    return _NAME.fullmatch(name) is not None


@lru_cache(maxsize=64)
def fetch(name: str) -> Path:
    """The folder of a model, fetched unless it is in the cache; the same one all along a process.

    Files that PyTorch pickled are fetched only where there is nothing better.

    Args:
        name: owner/name, or owner/name@revision for a branch, tag or commit.

    Raises:
        OSError: If it is neither in the cache nor to be had; the message says why.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    repository, _, revision = name.partition("@")

    def folder_with(patterns: tuple[str, ...]) -> Path:
        return Path(
            snapshot_download(repository, revision=revision or None, allow_patterns=list(patterns))
        )

    try:
        folder = folder_with((*_DESCRIPTIONS, *_SAFE))
        if not any(folder.glob("*.safetensors")):
            folder = folder_with((*_DESCRIPTIONS, *_PICKLED))
    except LocalEntryNotFoundError:
        raise OSError(
            f"{name} is not in the cache and the hub cannot be reached; fetch it where there is a "
            "network (hf download), or give a folder"
        ) from None
    except HfHubHTTPError as error:
        reason = getattr(error, "server_message", None) or " ".join(str(error).split())
        raise OSError(
            f"{name} cannot be fetched: {reason[:200]}; check the name, and for a model that is "
            "gated or private set HF_TOKEN"
        ) from None
    return folder
