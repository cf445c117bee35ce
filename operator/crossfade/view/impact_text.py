"""What a policy changes, in lines: a sentence, a table, and the reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crossfade.view.policy_impact import Effect, Impact, Row

TITLES = ("NAMESPACE", "NAME", "ABOUT IT", "REFUSES NEXT CHANGE", "HOLDS NOW", "HOLDS NEXT RELEASE", "CHANGE")
GAP = "  "
REASONS_SHOWN = 20


def told(impact: Impact) -> Iterator[str]:
    """Say it in lines."""
    version = (
        "beside the version in the cluster"
        if impact.stored
        else "new: there is none of that name in the cluster"
    )
    yield f"policy {impact.policy} ({version}): {_summary(impact)}"
    yield from (f"  {each}" for each in impact.rules if impact.stored)
    if impact.stored and not impact.rules:
        yield "  nothing of its spec differs"
    if impact.rows:
        yield from (f"  {line}" for line in _table([TITLES, *map(_cells, impact.rows)]))
    reasons = list(dict.fromkeys(_reasons(impact.rows)))
    yield from (f"  ! {each}" for each in reasons[:REASONS_SHOWN])
    if len(reasons) > REASONS_SHOWN:
        yield f"  ! and {len(reasons) - REASONS_SHOWN} more: -o json has all of them"
    yield from (f"  ? {each} cannot be read, so nobody can judge it here" for each in impact.unread)


def _summary(impact: Impact) -> str:
    now = [row.after for row in impact.rows if row.after is not None]
    counts = {
        "refuses the next change of": sum(bool(each.refuses) for each in now),
        "holds now": sum(bool(each.holds_now) for each in now),
        "would hold the next release of": sum(bool(each.holds_next) for each in now),
    }
    least = "at least " if any(each.unknown for each in now) else ""
    does = "; ".join(f"{what} {least}{count}" for what, count in counts.items())
    stricter = sum(bool(row.stricter) for row in impact.rows)
    looser = sum(bool(row.looser) for row in impact.rows)
    change = f"; stricter for {stricter}, looser for {looser}" if impact.stored else ""
    return f"about {_rollouts(len(now))}; {does}{change}"


def _rollouts(count: int) -> str:
    return "1 Rollout" if count == 1 else f"{count} Rollouts"


def _cells(row: Row) -> tuple[str, ...]:
    effect = row.after or Effect()
    about = {(False, True): "new", (True, True): "yes", (True, False): "no more"}
    return (
        row.namespace,
        row.rollout,
        about[row.before is not None, row.after is not None],
        _or_dash([*effect.refuses, *(f"? {each} not known" for each in effect.unknown)]),
        _or_dash(effect.holds_now),
        _or_dash(effect.holds_next),
        "; ".join((*(f"+ {each}" for each in row.stricter), *(f"- {each}" for each in row.looser))) or "-",
    )


def _or_dash(rules: Sequence[str]) -> str:
    return ", ".join(rules) or "-"


def _table(cells: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(line[i]) for line in cells) for i in range(len(TITLES))]
    for line in cells:
        yield GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _reasons(rows: Sequence[Row]) -> Iterator[str]:
    """The sentences of what is refused, held or warned of; those that are about every Rollout alike are said once."""
    for row in rows:
        for message in row.after.messages if row.after is not None else ():
            yield f"{row.namespace}/{row.rollout}, {message}"
