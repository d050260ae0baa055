"""The page: markup, style, script and data put together in one file.

A content security policy names the one style and the one script by their hashes, and allows
nothing else: no network, no other script, whatever a program's text says.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from elmjax.files import write_whole

SCRIPTS = ("data", "colours", "python", "difference", "walk", "map", "chart", "detail", "main")


def write_page(path: str | Path, content: dict[str, Any]) -> int:
    """Writes the page of a run, whole or not at all.

    Args:
        path: The HTML file.
        content: Plain data, as `elmjax.stages.showcase.collect` gives it.

    Returns:
        Size of the file, bytes.

    Raises:
        ValueError: There is a NaN in the content.
    """
    text = assemble(content, SCRIPTS)
    write_whole(Path(path), text)
    return len(text.encode())


def assemble(content: dict[str, Any], scripts: Sequence[str]) -> str:
    """A page of some data and the scripts that show it.

    Args:
        content: Plain data with a `title`.
        scripts: Names, in the order in which they build on each other.

    Raises:
        ValueError: There is a NaN in the content.
    """
    files = resources.files("elmjax.report.page")
    style = (files / "page.css").read_text(encoding="utf-8")
    script = "\n".join((files / f"{name}.js").read_text(encoding="utf-8") for name in scripts)
    data = json.dumps(content, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": html.escape(policy, quote=True),
        "title": html.escape(content["title"]),
        "style": style,
        "data": data,
        "script": script,
    }
    frame = (files / "page.html").read_text(encoding="utf-8")
    # In one pass: what is put in is not looked through again.
    return re.sub(r"%(\w+)%", lambda found: parts[found[1]], frame)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
