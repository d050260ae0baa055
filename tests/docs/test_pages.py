"""Pages lead somewhere: links, anchors, files that are named, and the site's list of pages."""

import re
from pathlib import Path

import pytest

from tests.docs.shown import FENCE, INDENTED, ROOT, WITHIN, pages

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
EVERY_PAGE = [*pages(), ROOT / "CHANGELOG.md"]


def text_of(page: Path) -> str:
    """A page without its blocks of code."""
    return INDENTED.sub("\n", FENCE.sub("\n", page.read_text()))


def anchors(page: Path) -> set[str]:
    """Of the headings, as GitHub and the site form them."""
    titles = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", EVERY_PAGE, ids=named)
def test_links_lead_to_a_file_and_a_heading(page) -> None:
    for link in LINK.findall(text_of(page)):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", EVERY_PAGE, ids=named)
def test_files_that_are_named_exist(page) -> None:
    for code in WITHIN.findall(text_of(page)):
        # A Python file, a page or a folder of the repository; `lm/loss.py` is within elmjax.
        if re.fullmatch(r"[a-z]\w*/[\w/.-]+(\.py|\.sh|\.md|\.toml|/)", code):
            assert any((ROOT / base / code).exists() for base in ("", "elmjax")), code


def test_the_site_has_every_page_of_the_folder() -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    listed = "\n".join(block for _, block in FENCE.findall(index))
    docs = sorted((ROOT / "docs").rglob("*.md"))
    names = [page.relative_to(ROOT / "docs").with_suffix("").as_posix() for page in docs]
    missing = [
        name for name in names if not re.search(rf"(^|<){re.escape(name)}(>|$)", listed, re.M)
    ]
    assert missing == ["index"]


def test_moving_pictures_are_small() -> None:
    pictures = list((ROOT / "docs" / "pictures").glob("*.gif"))
    assert pictures
    assert all(picture.stat().st_size < 1_000_000 for picture in pictures)


def test_anchors_are_those_of_the_site() -> None:
    index = ROOT / "docs" / "benchmarks.md"
    assert {"tpus-counted", "what-is-measured"} <= anchors(index)


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path) -> None:
    pytest.importorskip("furo", reason="needs the extra docs: pip install 'elmjax[docs]'")
    from sphinx.cmd.build import main

    options = ["--quiet", "--fail-on-warning", "--keep-going", "--conf-dir"]
    assert main([*options, str(ROOT / "docs" / "site"), str(ROOT), str(tmp_path)]) == 0
    assert "<math" in (tmp_path / "docs" / "stage-3.html").read_text()
