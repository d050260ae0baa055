import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from elmjax.report.page import write_page

HOSTILE = "</script><script>alert(1)</script>%script%<img src=x onerror=alert(2)>"


class Page(HTMLParser):
    """The elements of a page with their attributes, and the texts of each kind of element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")
        self._open = tag

    def handle_endtag(self, tag):
        self._open = ""

    def handle_data(self, data):
        if self._open:
            self.texts[self._open][-1] += data


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "page.html"
    size = write_page(path, {"title": HOSTILE, "programs": [HOSTILE]})
    assert path.stat().st_size == size
    return Page(path.read_text(encoding="utf-8"))


def test_a_program_becomes_no_markup(page) -> None:
    tags = [tag for tag, _ in page.elements]
    assert tags.count("script") == 2  # the data and the page's own
    assert "img" not in tags
    data, _ = page.texts["script"]
    assert json.loads(data)["programs"] == [HOSTILE]
    assert page.texts["title"] == [HOSTILE]


def test_the_policy_allows_the_one_script_and_the_one_style(page) -> None:
    (policy,) = [found["content"] for tag, found in page.elements if "http-equiv" in found]
    assert policy.startswith("default-src 'none';")
    for directive, text in (
        ("script-src", page.texts["script"][1]),
        ("style-src", page.texts["style"][0]),
    ):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy


def test_nothing_is_fetched(page) -> None:
    attributes = {name for _, found in page.elements for name in found}
    assert not attributes & {"src", "href", "action", "srcdoc", "style"}
    _, script = page.texts["script"]
    for word in ("fetch(", "XMLHttpRequest", "WebSocket", "import(", "innerHTML", "eval("):
        assert word not in script
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", script)


def test_a_number_that_is_none_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_page(tmp_path / "page.html", {"title": "", "x": float("nan")})
    assert not list(tmp_path.iterdir())
