"""The list on a terminal: as wide as it, as high as it, redrawn in place."""

from crossfade.cli.listing_screen import drawn
from view.stored import rollout


def of(count: int) -> list[dict[str, object]]:
    made = [rollout(phase="Healthy", message="All is well. " * 20) for _ in range(count)]
    for i, each in enumerate(made):
        each["metadata"]["name"] = f"shop-{i:02}"
    return made


def test_no_line_is_wider_than_the_screen() -> None:
    for width in (40, 80, 120):
        text = drawn(of(3), (width, 24), namespaces=True).plain
        assert max(map(len, text.splitlines())) <= width


def test_what_has_no_room_is_counted() -> None:
    lines = drawn(of(20), (80, 8), namespaces=False).plain.splitlines()
    assert len(lines) <= 8
    assert lines[-1] == "… and 15 more"


def test_none_is_said() -> None:
    assert drawn([], (80, 24), namespaces=False).plain == "There is no Rollout yet."
