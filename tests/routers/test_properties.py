"""What holds for every route, however it is written."""

import copy
from fractions import Fraction
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from crossfade.routers.rules import (
    as_before,
    before_of,
    changes,
    edited,
    is_foreign,
    is_reset,
    is_split,
    permille,
    problem,
    reaches,
    stable_gets,
    with_split,
)
from crossfade.routers.shares import MAX_WEIGHT
from crossfade.routers.split import Cookies, Names, Split
from routers.patching import patched

NAMES = Names("shop", "shop-canary")
COOKIES = Cookies("crossfade-shop", "7-stable", "7-candidate")

WEIGHTS = st.one_of(st.none(), st.integers(1, 100), st.integers(1, MAX_WEIGHT))
FOREIGN_WEIGHTS = st.one_of(st.none(), st.integers(0, 100), st.integers(0, MAX_WEIGHT))


def weighted(ref: dict[str, Any], weight: int | None) -> dict[str, Any]:
    return ref if weight is None else {**ref, "weight": weight}


HEADERS = st.sampled_from(["x-one", "x-two"]).map(lambda name: {"name": name, "value": "1"})
FILTERS = st.lists(
    st.one_of(
        HEADERS.map(
            lambda header: {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": [header]}}
        ),
        HEADERS.map(
            lambda header: {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [header]}}
        ),
        st.just({"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "watcher", "port": 80}}}),
    ),
    max_size=3,
    unique_by=lambda each: each["type"],
)


def with_filters(owner: dict[str, Any], filters: list[dict[str, Any]]) -> dict[str, Any]:
    return {**owner, "filters": filters} if filters else owner


STABLE = st.builds(
    lambda weight, filters: with_filters(weighted({"name": "shop", "port": 80}, weight), filters),
    WEIGHTS,
    FILTERS,
)
FOREIGN = st.builds(
    lambda name, weight: weighted({"name": name, "port": 80}, weight),
    st.sampled_from(["a", "b", "c"]),
    FOREIGN_WEIGHTS,
)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    refs = draw(st.lists(FOREIGN, max_size=4))
    if draw(st.integers(0, 4)):
        refs.insert(draw(st.integers(0, len(refs))), draw(STABLE))
    rule: dict[str, Any] = {"backendRefs": refs, "matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}
    return with_filters(rule, draw(FILTERS))


def route_of(rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"kind": "HTTPRoute", "metadata": {"name": "shop", "namespace": "web"}, "spec": {"rules": rules}}


ROUTES = (
    st.lists(rules(), min_size=1, max_size=4).map(route_of).filter(lambda route: not problem(route, NAMES))
)
SPLITS = st.builds(
    Split,
    st.one_of(st.integers(0, 1000), st.sampled_from([0, 1, 500, 999, 1000])),
    st.sampled_from([0, 10, 100]),
    st.sampled_from([None, COOKIES]),
)


@given(ROUTES, SPLITS)
def test_a_split_and_the_way_back_leave_the_route_as_it_was(route: dict[str, Any], split: Split) -> None:
    before = before_of(route, NAMES)
    live = patched(route, changes(route, with_split(route, NAMES, before, split)))
    assert as_before(live, NAMES, before) == route["spec"]["rules"]
    assert patched(live, changes(live, as_before(live, NAMES, before))) == route


@given(ROUTES, SPLITS)
def test_the_live_object_is_never_changed(route: dict[str, Any], split: Split) -> None:
    kept = copy.deepcopy(route)
    before = before_of(route, NAMES)
    changes(route, with_split(route, NAMES, before, split))
    assert route == kept


@given(ROUTES, SPLITS, SPLITS)
def test_from_every_split_to_every_other_and_twice_is_nothing_more(
    route: dict[str, Any], first: Split, second: Split
) -> None:
    before = before_of(route, NAMES)
    live = patched(route, changes(route, with_split(route, NAMES, before, first)))
    wanted = with_split(live, NAMES, before, second)
    then = patched(live, changes(live, wanted))
    assert then["spec"]["rules"] == wanted == with_split(route, NAMES, before, second)
    assert changes(then, with_split(then, NAMES, before, second)) == []


@given(ROUTES, SPLITS)
def test_foreign_backends_keep_their_share_exactly(route: dict[str, Any], split: Split) -> None:
    for rule, was in zip(
        with_split(route, NAMES, before_of(route, NAMES), split), route["spec"]["rules"], strict=True
    ):
        assert foreign_shares(rule) == foreign_shares(was)


def foreign_shares(rule: dict[str, Any]) -> list[tuple[str, Fraction]]:
    weights = [ref.get("weight", 1) for ref in rule["backendRefs"]]
    total = sum(weights) or 1
    return [
        (ref["name"], Fraction(weight, total))
        for ref, weight in zip(rule["backendRefs"], weights, strict=True)
        if ref["name"] not in ("shop", "shop-canary")
    ]


@given(ROUTES, SPLITS)
def test_weights_are_within_what_a_weight_may_be_and_never_all_zero(
    route: dict[str, Any], split: Split
) -> None:
    for rule in with_split(route, NAMES, before_of(route, NAMES), split):
        weights = [ref.get("weight", 1) for ref in rule["backendRefs"]]
        assert all(0 <= weight <= MAX_WEIGHT for weight in weights)
        if any(ref["name"] == "shop" for ref in rule["backendRefs"]):
            assert any(weights)


@given(ROUTES, SPLITS)
def test_what_was_written_is_read_again(route: dict[str, Any], split: Split) -> None:
    before = before_of(route, NAMES)
    live = patched(route, changes(route, with_split(route, NAMES, before, split)))
    assert set(permille(live, NAMES)) == {split.permille}
    assert reaches(live, NAMES) == (split.permille > 0 or split.mirror > 0)
    assert stable_gets(live, NAMES) == (split.permille < 1000)
    assert is_split(live, NAMES) == (split != Split(0))
    assert is_reset(live, NAMES, before) == (split == Split(0))
    assert not is_foreign(live, NAMES, before)
    assert not edited(live, NAMES, before)
    assert problem(live, NAMES) == ""


@given(ROUTES, SPLITS)
def test_without_a_memo_all_that_the_candidate_got_is_stables_again(
    route: dict[str, Any], split: Split
) -> None:
    live = patched(route, changes(route, with_split(route, NAMES, before_of(route, NAMES), split)))
    back = as_before(live, NAMES, {})
    for rule, was in zip(back, route["spec"]["rules"], strict=True):
        assert foreign_shares(rule) == foreign_shares(was)
        assert [ref["name"] for ref in rule["backendRefs"]] == [ref["name"] for ref in was["backendRefs"]]
        assert [ref.get("filters") for ref in rule["backendRefs"]] == [
            ref.get("filters") for ref in was["backendRefs"]
        ]
        assert rule.get("filters") == was.get("filters")
    assert not edited(live, NAMES, {})


@given(ROUTES, SPLITS, st.randoms(use_true_random=False))
def test_rules_that_were_reordered_while_split_come_back_as_they_were(
    route: dict[str, Any], split: Split, random: Any
) -> None:
    before = before_of(route, NAMES)
    live = patched(route, changes(route, with_split(route, NAMES, before, split)))
    order = list(range(len(live["spec"]["rules"])))
    random.shuffle(order)
    moved = route_of([live["spec"]["rules"][index] for index in order])
    wanted = [route["spec"]["rules"][index] for index in order]
    if split != Split(0):
        back = as_before(moved, NAMES, before)
        for rule, was in zip(back, wanted, strict=True):
            assert foreign_shares(rule) == foreign_shares(was)


JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from(["", "shop", "x"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["backendRefs", "filters", "name", "weight"]), inner, max_size=3),
    ),
    max_leaves=8,
)


@given(ROUTES, SPLITS, st.dictionaries(st.sampled_from(["0", "1", "x", "-1", "²"]), JUNK, max_size=3))
def test_a_spoiled_memo_is_no_worse_than_none(
    route: dict[str, Any], split: Split, spoiled: dict[str, Any]
) -> None:
    live = patched(route, changes(route, with_split(route, NAMES, before_of(route, NAMES), split)))
    for rule in as_before(live, NAMES, spoiled):
        refs = rule["backendRefs"]
        assert all(ref["name"] != "shop-canary" for ref in refs)
        if any(ref["name"] == "shop" for ref in refs):
            assert any(ref.get("weight", 1) for ref in refs)
    is_reset(live, NAMES, spoiled)
    edited(live, NAMES, spoiled)


def test_every_permille_of_a_lone_reference_sums_up_to_1000() -> None:
    route = route_of([{"backendRefs": [{"name": "shop", "port": 80}]}])
    for value in range(1001):
        refs = with_split(route, NAMES, before_of(route, NAMES), Split(value))[0]["backendRefs"]
        assert [ref.get("weight") for ref in refs] == ([1000 - value, value] if value else [None])


HAND_WRITTEN_REFS = st.builds(
    lambda name, weight, filters: with_filters(weighted({"name": name, "port": 80}, weight), filters),
    st.sampled_from(["shop", "shop-canary", "a"]),
    FOREIGN_WEIGHTS,
    st.lists(
        st.sampled_from(
            [
                {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "shop-canary"}}},
                {
                    "type": "ResponseHeaderModifier",
                    "responseHeaderModifier": {
                        "add": [{"name": "Set-Cookie", "value": "crossfade-shop=6-stable"}]
                    },
                },
                {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"remove": ["x-by"]}},
            ]
        ),
        max_size=2,
        unique_by=lambda each: each["type"],
    ),
)
HAND_WRITTEN = st.lists(
    st.builds(
        lambda name, refs, filters: with_filters({"name": name, "backendRefs": refs}, filters),
        st.sampled_from(["main", "api"]),
        st.lists(HAND_WRITTEN_REFS, max_size=4),
        FILTERS,
    ),
    max_size=3,
).map(route_of)


@given(HAND_WRITTEN, ROUTES, SPLITS, st.sampled_from(["", "main"]))
def test_whatever_somebody_writes_the_way_back_frees_the_route_of_the_candidate(
    live: dict[str, Any], original: dict[str, Any], split: Split, rule: str
) -> None:
    names = Names("shop", "shop-canary", rule)
    before = before_of(original, NAMES)
    problem(live, names, split)
    edited(live, names, before)
    back = patched(live, changes(live, as_before(live, names, before)))
    assert not is_split(back, names)
    assert not reaches(back, names)
    assert changes(back, as_before(back, names, before)) == []
    if is_split(live, names):
        anywhere = Names(
            "shop", "shop-canary", ""
        )  # a rule that has another name by now is no more ours once it is taken back
        assert not (set(permille(live, names)) - {0}) or stable_gets(back, anywhere)


NOTHING_FOR_STABLE = route_of(
    [{"name": "main", "backendRefs": [{"name": "shop", "weight": 0}, {"name": "a", "weight": 2}]}]
)


@example(NOTHING_FOR_STABLE, Split(0, 0, COOKIES))
@given(HAND_WRITTEN, SPLITS)
def test_whatever_somebody_writes_a_split_is_written_once(live: dict[str, Any], split: Split) -> None:
    before = before_of(live, NAMES)
    then = patched(live, changes(live, with_split(live, NAMES, before, split)))
    assert changes(then, with_split(then, NAMES, before, split)) == []
