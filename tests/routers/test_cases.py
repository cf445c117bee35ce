"""Every file in cases/ is one route and what must follow from it. To add one, copy a file: this is what it may say.

What is given:
    about       the promise, in a sentence
    route       the live object
    rule        name of the rule (default: every rule that has Service shop among its backendRefs)
    before      what the touched rules were (default: what the live object says)
    split       permille, and where wanted mirror and cookies (true)
    match       the groups of a step, as in spec.strategy.canary.steps[].match
    hostnames   the hostnames of a preview

What must follow, each only where it is said:
    problem     the sentence that says what is wrong; without it, nothing may be
    patch       the JSON Patch that makes the split
    back        the JSON Patch that takes it back
    memo        what is to be stored before the first change
    says        what the questions about the route answer (is_split, edited, permille ...)
    groups      the spec of the route of our own
    group_problem   why there is none
    unable      what the kind of route cannot carry
    preview     by_match and by_hostname, the specs of the two routes of a preview
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from crossfade.api.traffic import Match
from crossfade.routers import rules
from crossfade.routers.groups import Groups, Preview, groups, preview
from crossfade.routers.registered import KINDS
from crossfade.routers.rules import as_before, before_of, changes, problem, with_split
from crossfade.routers.split import Cookies, Names, Split
from routers.patching import patched

FILES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
GIVEN = {"about", "route", "rule", "before", "split", "match", "hostnames"}
EXPECTED = {"problem", "patch", "back", "memo", "says", "groups", "group_problem", "unable", "preview"}
COOKIES = Cookies("crossfade-shop", "7-stable", "7-candidate")

cases = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@cache
def read(file: Path, namespace: str) -> dict[str, Any]:
    """What the file says, read once: nobody may change it, and a test would see it if somebody did."""
    said: dict[str, Any] = yaml.safe_load(
        file.read_text().replace("namespace: web", f"namespace: {namespace}")
    )
    return said


class Case:
    """One file, with what it leaves out. `namespace`: where its objects are, `web` in the file."""

    def __init__(self, file: Path, namespace: str = "web") -> None:
        self.said = read(file, namespace)
        self.route = self.said["route"]
        self.names = Names("shop", "shop-canary", self.said.get("rule", ""))
        self.before = self.said["before"] if "before" in self.said else before_of(self.route, self.names)
        wish = self.said.get("split", {})
        self.cookies = COOKIES if wish.get("cookies") else None
        self.split = Split(wish.get("permille", 0), wish.get("mirror", 0), self.cookies)
        self.matches = tuple(TypeAdapter(Match).validate_python(each) for each in self.said.get("match", []))


def a_case_says_only_what_is_known_and_expects_something(case: Case) -> None:
    said = case.said
    assert set(said) <= GIVEN | EXPECTED
    assert set(said) & EXPECTED
    assert said["about"].endswith(".")


def what_is_wrong_is_said(case: Case) -> None:
    assert problem(case.route, case.names, case.split) == case.said.get("problem", "")


def the_patch_makes_the_split_and_nothing_is_left_to_do(case: Case) -> None:
    if "patch" not in case.said:
        return
    wanted = with_split(case.route, case.names, case.before, case.split)
    patch = changes(case.route, wanted)
    assert patch == case.said["patch"]
    live = patched(case.route, patch)
    assert changes(live, wanted) == []
    assert changes(live, with_split(live, case.names, case.before, case.split)) == []


def the_way_back_is_one_patch(case: Case) -> None:
    if "back" in case.said:
        back = changes(case.route, as_before(case.route, case.names, case.before))
        assert back == case.said["back"]
        assert not rules.is_split(patched(case.route, back), case.names)


def what_was_is_remembered(case: Case) -> None:
    if "memo" in case.said:
        assert before_of(case.route, case.names) == case.said["memo"]


def the_route_says_how_it_stands(case: Case) -> None:
    for question, expected in case.said.get("says", {}).items():
        ask = getattr(rules, question)
        needs_memo = question in ("edited", "is_reset", "is_foreign", "memo_of")
        answer = ask(case.route, case.names, *([case.before] if needs_memo else []))
        assert (list(answer) if isinstance(answer, tuple) else answer) == expected, question


def groups_go_into_a_route_of_our_own(case: Case) -> None:
    if {"groups", "group_problem"} & set(case.said):
        found = groups(case.route, case.names, case.before, case.matches, case.cookies)
        assert found == Groups(case.said.get("groups"), case.said.get("group_problem", ""))


def a_preview_is_met_by_conditions_and_at_hostnames_of_its_own(case: Case) -> None:
    if "preview" in case.said:
        found = preview(case.route, case.names, case.before, case.matches, case.said.get("hostnames", []))
        assert found == Preview(**case.said["preview"])


def what_a_kind_cannot_carry_is_said_in_one_sentence(case: Case) -> None:
    kind = KINDS[case.route["kind"]]
    assert kind.unable(case.split, case.matches) == case.said.get("unable", "")


PROMISES = (
    a_case_says_only_what_is_known_and_expects_something,
    what_is_wrong_is_said,
    the_patch_makes_the_split_and_nothing_is_left_to_do,
    the_way_back_is_one_patch,
    what_was_is_remembered,
    the_route_says_how_it_stands,
    groups_go_into_a_route_of_our_own,
    a_preview_is_met_by_conditions_and_at_hostnames_of_its_own,
    what_a_kind_cannot_carry_is_said_in_one_sentence,
)


@cases
def test_what_follows_from_a_route_is_as_its_file_says(file: Path) -> None:
    for promise in PROMISES:
        promise(Case(file))
