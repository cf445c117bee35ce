"""`steps` in CEL: the plan's numbers, compiled again. What each means is told in `steps.py`.

Percent are whole numbers of tenths here, as CEL adds no whole number to one with decimals.
"""

from __future__ import annotations

from typing import Final

from crossfade.core.policy.about import Cel, let, said_if

INSTEAD: Final = {"blueGreen": "write promote: Manual"}
ELSE: Final = "use canary, with pause: Manual in its last step"

_PODS: Final = "type({0}) == int ? int({0}) : (int({0}.replace('%', '')) * variables.pods + 99) / 100"
"""The pods of a number or a share, rounded up."""
_BEFORE_100: Final = (
    "!variables.index.exists(j, j <= i && has(variables.steps[j].weight) && variables.steps[j].weight == 100)"
)
_TENTHS: Final = "int(double({}) * 10.0 + 0.5)"
_SHOWN: Final = "string(double({}) / 10.0)"


def _greatest(one: str, other: str) -> str:
    return f"({one} > {other} ? {one} : {other})"


def _share() -> str:
    """Percent of `d` of `t` pods, as Python rounds it: a half goes to the even number."""
    down, left = "100 * d / t", "(100 * d) % t * 2"
    up = f"{left} > t || ({left} == t && ({down}) % 2 == 1)"
    share = f"({down} + ({up} ? 1 : 0)) * 10"
    total = f"d + {_greatest('(variables.pods - d)', 'variables.warm')}"
    return let("t", total, share)


_SIZES: Final = "variables.batches.map(b, " + let("p", _PODS.format("b.replicas"), "p > 0 ? p : 1") + ")"
_DONE: Final = (
    "variables.index.filter(i, i < variables.sizes.size())"
    ".map(i, variables.index.filter(j, j <= i).map(j, variables.sizes[j]).sum())"
    ".map(s, s < variables.most ? s : variables.most)"
)
_ROLL: Final = "(has(variables.spec.strategy.rolling) ? {} : {})"

_VARIABLES: Final = (
    (
        "pods",
        "has(variables.spec.replicas) && variables.spec.replicas > 0 ? int(variables.spec.replicas) : 1",
    ),
    ("steps", "has(variables.spec.strategy.canary) ? variables.spec.strategy.canary.steps : []"),
    (
        "batches",
        (
            "has(variables.spec.strategy.rolling) && has(variables.spec.strategy.rolling.batches) ? "
            "variables.spec.strategy.rolling.batches : []"
        ),
    ),
    (
        "surge",
        "has(variables.spec.strategy.rolling) && has(variables.spec.strategy.rolling.maxSurge) ? "
        + let("s", "variables.spec.strategy.rolling.maxSurge", _PODS.format("s"))
        + " : 0",
    ),
    ("warm", "variables.surge < variables.pods ? variables.surge : variables.pods"),
    (
        "most",
        let("m", f"variables.pods - {_greatest('variables.warm', '1')}", "m > 1 ? m : 1"),
    ),
    ("sizes", _SIZES),
    ("shares", f"{_DONE}.map(d, {_share()})"),
    ("below", f"variables.index.filter(i, i < variables.steps.size() && {_BEFORE_100})"),
    ("rising", "variables.index.filter(i, i < variables.steps.size() && has(variables.steps[i].weight))"),
    (
        "parts",
        "variables.rising.map(i, " + _TENTHS.format("variables.steps[i].weight") + ") + variables.shares",
    ),
    (
        "names",
        "variables.rising.map(i, 'steps[' + string(i) + '].weight ' + string(variables.steps[i].weight)) + "
        "variables.index.filter(i, i < variables.shares.size()).map(i, 'batches[' + string(i) + '].replicas, ' + "
        + _SHOWN.format("variables.shares[i]")
        + " + ' % of the requests,')",
    ),
    ("last", "variables.parts.size() > 0 ? variables.parts[variables.parts.size() - 1] : 0"),
    ("moves", "variables.last < 1000 ? variables.parts + [1000] : variables.parts"),
    (
        "moveNames",
        "variables.names + [variables.strategy + ' with all requests' + (variables.last > 0 ? ' then' : ' at once')]",
    ),
    (
        "increases",
        "variables.index.filter(i, i < variables.moves.size() && (i > 0 || !has(variables.policy.steps.maxInitialWeight)) && "
        "variables.moves[i] - (i > 0 ? variables.moves[i - 1] : 0) > "
        + _TENTHS.format("variables.policy.steps.maxIncrease")
        + ")",
    ),
    (
        "hasty",
        (
            "variables.below.filter(i, (variables.rising.exists(j, j <= i) || "
            "(has(variables.steps[i].match) && variables.steps[i].match.size() > 0)) && !has(variables.steps[i].pause) && "
            "(has(variables.steps[i].pauseSeconds) ? variables.steps[i].pauseSeconds : 0) < variables.policy.steps.minPauseSeconds)"
        ),
    ),
    (
        "hastyBatches",
        (
            "variables.index.filter(i, i < variables.shares.size() && variables.shares[i] < 1000 && "
            "!has(variables.batches[i].pause) && "
            "(has(variables.batches[i].pauseSeconds) ? variables.batches[i].pauseSeconds : 0) < "
            "variables.policy.steps.minPauseSeconds)"
        ),
    ),
    ("partly", "variables.index.filter(i, i < variables.shares.size() && variables.shares[i] < 1000)"),
)


def _too_much() -> tuple[str, str]:
    most, step = "variables.policy.steps.maxInitialWeight", "variables.policy.steps.maxIncrease"
    initial = said_if(
        f"has({most}) && variables.moves[0] > {_TENTHS.format(most)}",
        f"variables.moveNames[0] + ' is above ' + string({most}) + ': begin with a smaller step, of at most ' + string({most}) + ' %'",
    )
    more = "variables.moves[i] - (i > 0 ? variables.moves[i - 1] : 0)"
    told = (
        f"variables.moveNames[i] + ' is ' + {_SHOWN.format(f'({more})')} + ' more than before, and ' + string({step}) + "
        "' is the most: add a step between'"
    )
    found = let("i", "variables.increases[0]", told)
    return initial, said_if(f"has({step}) && variables.increases.size() > 0", found)


def _rests(found: str, field: str, items: str) -> str:
    least = "variables.policy.steps.minPauseSeconds"
    rest = f"(has({items}[i].pauseSeconds) ? {items}[i].pauseSeconds : 0)"
    told = (
        f"'{field}[' + string(i) + '] rests ' + string({rest}) + ' s, below ' + string({least}) + ': write pauseSeconds: ' + "
        f"string({least}) + ' or pause: Manual there'"
    )
    return said_if(f"has({least}) && {found}.size() > 0", let("i", f"{found}[0]", told))


def _asks(found: str, field: str, items: str) -> str:
    told = f"'{field}[' + string(i) + '] goes on to all requests by itself: write pause: Manual there'"
    last = f"{found}[{found}.size() - 1]"
    asks = f"{found}.size() > 0 && !has({items}[{last}].pause)"
    return said_if(f"{_ASKED} && {asks}", let("i", last, told))


_ASKED: Final = (
    "has(variables.policy.steps.requireManualPromotion) && variables.policy.steps.requireManualPromotion"
)
_NOBODY: Final = (
    f"{_ASKED} && variables.below.size() == 0 && variables.partly.size() == 0 && "
    "!(has(variables.spec.strategy.blueGreen) && variables.spec.strategy.blueGreen.promote == 'Manual')"
)
_INSTEAD: Final = f"(variables.strategy == 'blueGreen' ? '{INSTEAD['blueGreen']}' : '{ELSE}')"
_MOVING: Final = " + ".join(
    [
        *_too_much(),
        _rests("variables.hasty", "steps", "variables.steps"),
        _rests("variables.hastyBatches", "batches", "variables.batches"),
        _asks("variables.below", "steps", "variables.steps"),
        _asks("variables.partly", "batches", "variables.batches"),
        said_if(_NOBODY, f"variables.strategy + ' goes on to all requests by itself: ' + {_INSTEAD}"),
    ]
)
_BAKE: Final = "(has(variables.spec.bakeSeconds) ? variables.spec.bakeSeconds : 30)"
_LEAST: Final = "variables.policy.steps.minBakeSeconds"
CEL: Final = Cel(
    f"(variables.strategy == 'recreate' ? [] : {_MOVING}) + "
    + said_if(
        f"has({_LEAST}) && {_BAKE} < {_LEAST}",
        f"'bakeSeconds ' + string({_BAKE}) + ' is below ' + string({_LEAST}) + ': write bakeSeconds: ' + string({_LEAST})",
    ),
    _VARIABLES,
)
