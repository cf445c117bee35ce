"""The lines of the list: what is in their cells, and where they are cut."""

from datetime import UTC, datetime

import pytest

from crossfade.view.ages import age
from crossfade.view.listing import GIVE_WAY, TITLES, listing, table
from crossfade.view.plain import plain
from view.stored import STABLE, rollout

NOW = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)


def line(width: int | None = None, **status: object) -> str:
    rows = listing([rollout(**{"phase": "Healthy", "since": "2026-01-31T12:00:00Z", **status})])
    return table(rows, NOW, namespaces=False, width=width)[1]


def test_the_message_is_cut_to_the_width_of_the_terminal() -> None:
    long = "Revision bbb222 serves with four pods, and all of them are well."
    assert line(message=long).endswith(long)
    cut = line(80, message=long)
    assert len(cut) == 80
    assert cut.endswith("…")


def test_where_a_message_has_no_room_it_is_left_out_and_the_rest_is_cut() -> None:
    narrow = line(40, message="Revision bbb222 serves with four pods.")
    assert "Revision" not in narrow
    assert len(narrow) <= 40


@pytest.mark.parametrize(
    ("width", "left_out"), [(200, set()), (70, {"IMAGE"}), (55, {"IMAGE", "STRATEGY"}), (50, set(GIVE_WAY))]
)
def test_where_it_is_narrow_columns_give_way_to_the_message(width: int, left_out: set[str]) -> None:
    rows = listing(
        [rollout(phase="Healthy", stable=STABLE, message="Revision bbb222 serves with four pods.")]
    )
    titles, shown = table(rows, NOW, namespaces=False, width=width)
    assert set(TITLES) - set(titles.split()) == left_out
    assert " Revision " in shown
    assert len(shown) <= width


def test_an_image_is_shown_without_its_registry() -> None:
    assert " shop:1.4.2 " in line(stable={**STABLE, "image": "registry.example.com:5000/team/shop:1.4.2"})
    digest = "shop@sha256:" + "ab" * 32
    assert f"…{digest[-31:]} " in line(stable={**STABLE, "image": digest})


def test_since_is_the_age_of_the_phase() -> None:
    assert " 30m" in line()
    assert " -" in line(since=None)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0s"), (-5, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172800, "2d")],
)
def test_an_age_has_one_unit(seconds: int, told: str) -> None:
    assert age(datetime.fromtimestamp(NOW.timestamp() - seconds, UTC), NOW) == told


def test_what_somebody_wrote_moves_no_cursor_and_sets_no_title() -> None:
    shown = line(message="\x1b[2Jgone\x1b]0;title\x07 and\x00 \x9b31mback\nagain")
    assert shown.isprintable()
    assert "gone and 31mbackagain" in shown
    assert plain("\x1b[31mred\x1b[0m\ttab") == "red\ttab"
