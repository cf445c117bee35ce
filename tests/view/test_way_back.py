"""Which releases can be gone back to."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crossfade.view.attempts import Attempt, attempts
from crossfade.view.way_back import goal, newest_of, refusal, warning
from view.releases import V1, V2, V3, release
from view.stored import rollout, under_way

KNOWN = attempts(
    [
        release(1, V1),
        release(2, V2, of=V1),
        release(3, V3, "RolledBack", of=V2),
        release(4, V3, "", of=V2),
    ]
)
FIRST, SECOND, FAILED, OPEN = reversed(KNOWN)
AT_REST = rollout(phase="Healthy", release=2, stable={"revision": V2}, completed=[V2, V1])
BUSY = under_way(release=4, stable={"revision": V2}, progress={"revision": V3}, completed=[V2, V1])


@pytest.mark.parametrize(
    ("stored", "attempt", "why_not"),
    [
        (AT_REST, FIRST, ""),
        (AT_REST, SECOND, "Release 2 (revision bbb222) is what serves already."),
        (
            AT_REST,
            FAILED,
            "Release 3 ended as RolledBack: only a release that completed can be gone back to.",
        ),
        (AT_REST, OPEN, "Release 4 has not ended: only a release that completed can be gone back to."),
        (BUSY, SECOND, ""),
        (BUSY, FIRST, "Release 4 is under way: abort it first, then undo."),
    ],
)
def test_only_a_completed_release_that_does_not_serve_can_be_gone_back_to(
    stored: dict[str, Any], attempt: Attempt, why_not: str
) -> None:
    assert refusal(stored, attempt) == why_not


@pytest.mark.parametrize(
    ("stored", "to"),
    [
        (AT_REST, FIRST),
        (BUSY, SECOND),
        (rollout(phase="Healthy", stable={"revision": V2}, completed=[V2]), None),
        (rollout(phase="Healthy", stable={"revision": V2}, completed=[V2, "gone"]), None),
        (rollout(), None),
    ],
)
def test_without_a_number_it_is_the_completed_one_before_or_stable_while_one_is_under_way(
    stored: dict[str, Any], to: Attempt | None
) -> None:
    assert goal(stored, KNOWN) == to


def test_of_several_releases_of_a_revision_the_newest_completed_one_counts() -> None:
    known = attempts([release(1, V1), release(5, V1), release(6, V1, "RolledBack")])
    assert newest_of(V1, known) == known[1]


UNDONE = {"action": "Undo", "actor": "ann", "at": "2026-01-31T11:48:00Z", "reason": "checkout is slow"}


def test_what_somebody_has_undone_is_not_what_the_next_undo_goes_to() -> None:
    known = attempts(
        [release(1, V1), release(2, V2, of=V1), release(3, V3, of=V2, undone=UNDONE), release(4, V2)]
    )
    stored = rollout(phase="RolledBack", stable={"revision": V2}, completed=[V2, V3, V1])
    found = goal(stored, known)
    assert found is not None
    assert found.number == 1


def test_a_revision_that_completed_again_after_it_was_undone_may_be_gone_back_to() -> None:
    known = attempts([release(1, V1, undone=UNDONE), release(2, V2), release(3, V1), release(4, V2)])
    stored = rollout(phase="Healthy", stable={"revision": V2}, completed=[V2, V1])
    assert goal(stored, known) == known[1]


def test_who_goes_to_an_undone_release_is_warned_with_who_undid_it_and_why() -> None:
    now = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    [undone, fine] = attempts([release(2, V2, undone=UNDONE), release(1, V1)])
    assert warning(undone, now) == (
        "Release 2 was taken back before: Undo by ann 12 min ago: checkout is slow."
    )
    assert warning(fine, now) == ""
