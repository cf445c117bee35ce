"""No link of a page leads nowhere: neither to a file that is not there, nor to a heading that the page does not have."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "cluster" / "README.md"]
CODE = re.compile(r"```.*?```", re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
ELSEWHERE = ("https://", "http://")


def links(page: Path) -> list[str]:
    """Where the links of a page lead, without those to other sites."""
    return [to for to in LINK.findall(CODE.sub("", page.read_text())) if not to.startswith(ELSEWHERE)]


def anchors(page: Path) -> set[str]:
    """The anchors of its headings, as code hosts make them: small letters, digits, - and _, blanks as -."""
    titles = HEADING.findall(CODE.sub("", page.read_text()))
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower() for title in titles)
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    dead = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_link_leads_out_of_the_repository_or_to_a_machine(page: Path) -> None:
    assert [link for link in links(page) if link.startswith("/")] == []


def test_the_scan_is_not_blind() -> None:
    assert len(links(ROOT / "docs" / "README.md")) > 15
    assert "rollout-specstrategycanary" in anchors(ROOT / "docs" / "reference.md")


def test_every_page_is_in_the_index() -> None:
    listed = {link.partition("#")[0] for link in links(ROOT / "docs" / "README.md")}
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"} <= listed


def test_the_front_page_leads_to_every_page() -> None:
    listed = {link.partition("#")[0] for link in links(ROOT / "README.md")}
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {f"docs/{name}" for name in pages} <= listed


@pytest.mark.parametrize("name", ["LICENSE", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_what_every_project_has_is_there(name: str) -> None:
    assert (ROOT / name).read_text().strip()
