"""`crossfade audit`: the table, JSON and CSV, what may be asked for, and its exit codes."""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.fake_cluster import FakeCluster
from crossfade.cli import audit_csv, audit_table
from crossfade.cli.audit import ONLY, moment
from crossfade.view import audit as view
from crossfade.view.audit_words import MOST_NAMED
from view.releases import V1, V2, release
from view.stored import rollout

Run = Callable[..., int]
Object = dict[str, Any]
Printed = pytest.CaptureFixture[str]

NOON, ONE, TWO = ("2026-01-31T12:00:00Z", "2026-01-31T13:00:00Z", "2026-01-31T14:00:00Z")
SINCE = ("--since", "2026-01-01", "--until", "2026-03-01")
PAGE = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()


def judged(**status: Any) -> Object:
    """Release 2 with something of everything."""
    fields = {
        "actions": [
            {"at": ONE, "action": "Abort", "actor": "ann", "reason": "too slow", "name": "shop-abort-1"}
        ],
        "approvals": [{"at": NOON, "action": "Approve", "actor": "ben", "policy": "prod", "step": "2"}],
        "bypasses": [
            {
                "at": NOON,
                "action": "Bypass",
                "actor": "cat",
                "policy": "quiet",
                "until": TWO,
                "reason": "shop is down",
            }
        ],
        "heldBy": [{"policy": "prod", "rule": "windows", "since": NOON, "until": ONE}],
        "why": "2 of 4 pods crashed",
        **status,
    }
    stored = release(2, V2, "RolledBack", of=V1, started=NOON, ended=TWO, **fields)
    stored["spec"] |= {"strategy": "canary", "requester": {"name": "dan", "how": "Admission"}}
    return stored


def cluster(*more: Object, **status: Any) -> FakeCluster:
    stored = rollout(release=2, stable={"revision": V1, "release": 1})
    return FakeCluster(stored, release(1, V1, started="2026-01-30T12:00:00Z"), judged(**status), *more)


def squeezed(text: str) -> str:
    return " ".join(text.split())


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


# For people


def test_the_table_says_who_released_what_where_and_which_policies_were_passed(
    crossfade: Run, capsys: Printed
) -> None:
    assert crossfade(cluster(), "audit", *SINCE) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("2 releases of namespace demo, 2026-01-01T00:00:00Z to 2026-03-01T00:00:00Z\n")
    for told in (
        "demo/shop 2",
        "app: shop:aaa111 → shop:bbb222",
        "RolledBack",
        "could pass a policy by cat at 2026-01-31T12:00:00Z, policy quiet, until",
        "requested by dan (as the API server wrote down)",
        "approved by ben at 2026-01-31T12:00:00Z, policy prod, step 2",
        "held by policy prod, rule windows, since 2026-01-31T12:00:00Z, until",
        "Abort by ann at 2026-01-31T13:00:00Z: too slow",
        "2 of 4 pods crashed",
        "requested by nobody knows whom",
    ):
        assert told in printed


def test_the_last_line_says_that_all_is_kept(crossfade: Run, capsys: Printed) -> None:
    crossfade(cluster(), "audit", *SINCE)
    assert capsys.readouterr().out.splitlines()[-1] == (
        "All releases of this time are kept, of every Rollout that is there. Those of a deleted Rollout went with it."
    )


def test_the_last_line_says_from_when_on_records_are_kept_of_each_rollout(
    crossfade: Run, capsys: Printed
) -> None:
    stored = rollout(release=9)
    crossfade(FakeCluster(stored, release(9, V2, started=NOON)), "audit", *SINCE)
    printed = capsys.readouterr().out
    assert squeezed(printed).endswith(
        "Not all releases of this time are kept (spec.revisionHistoryLimit): demo/shop from release 9 on, which began "
        "2026-01-31T12:00:00Z. docs/audit.md says how to keep more."
    )


def test_a_newest_record_that_is_missing_is_said(crossfade: Run, capsys: Printed) -> None:
    crossfade(FakeCluster(rollout(release=3), release(2, V2, started=NOON)), "audit", *SINCE)
    assert "demo/shop: the newest is missing." in squeezed(capsys.readouterr().out)


def test_of_many_rollouts_the_last_line_names_some_and_counts_the_others(
    crossfade: Run, capsys: Printed
) -> None:
    many = [release(9, V2, started=NOON, rollout=f"shop-{n}") for n in range(MOST_NAMED + 3)]
    crossfade(FakeCluster(*many), "audit", *SINCE)
    assert "; and 3 more (-o json has all). docs/audit.md" in squeezed(capsys.readouterr().out)


def test_where_nothing_was_released_it_says_so_and_ends_with_0(crossfade: Run, capsys: Printed) -> None:
    assert crossfade(FakeCluster(), "audit") == 0
    printed = capsys.readouterr().out
    assert "0 releases of namespace demo" in printed
    assert "No release." in printed
    assert "There is no Rollout here, and no record of one." in printed


def test_a_bypass_that_no_release_used_is_shown(crossfade: Run, capsys: Printed) -> None:
    bypass = {"policy": "quiet", "by": "cat", "at": NOON, "until": TWO, "reason": "shop is down"}
    crossfade(FakeCluster(rollout(release=0, bypasses=[bypass])), "audit", *SINCE)
    printed = squeezed(capsys.readouterr().out)
    assert "demo/shop may pass a policy, and no release has yet: by cat at 2026-01-31T12:00:00Z" in printed
    assert "until 2026-01-31T14:00:00Z: shop is down" in printed


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("Admission", "dan (as the API server wrote down)"),
        ("FieldManager", "dan (the name of a program, which proves no person)"),
        ("", "dan"),
    ],
)
def test_it_says_how_it_is_known_who_asked(crossfade: Run, capsys: Printed, how: str, told: str) -> None:
    stored = release(1, V1)
    stored["spec"]["requester"] = {"name": "dan", "how": how}
    crossfade(FakeCluster(rollout(release=1), stored), "audit", *SINCE)
    assert f"requested by {told}" in capsys.readouterr().out


def test_a_list_that_is_full_is_said_since_entries_may_be_missing(crossfade: Run, capsys: Printed) -> None:
    many = [{"at": NOON, "action": "Bypass", "actor": f"cat-{n}", "policy": "quiet"} for n in range(50)]
    crossfade(cluster(bypasses=many), "audit", *SINCE)
    printed = capsys.readouterr().out
    assert "no room is left in bypasses: earlier entries may be missing" in printed
    assert "… and 45 more" in printed


def test_of_very_many_releases_the_newest_are_drawn_and_the_others_counted(
    crossfade: Run, capsys: Printed
) -> None:
    many = [release(n, V1, started=f"2026-01-31T{n // 60:02}:{n % 60:02}:00Z") for n in range(1, 204)]
    crossfade(FakeCluster(*many), "audit", *SINCE)
    printed = capsys.readouterr().out
    assert printed.startswith("203 releases of namespace demo")
    assert "The newest 200 are shown, and 3 are not: -o csv and -o json have all." in printed
    assert "demo/shop 4 " in printed
    assert "demo/shop 3 " not in printed
    crossfade(FakeCluster(*many), "audit", *SINCE, "-o", "csv")
    assert len(rows_of(capsys.readouterr().out)) == 203


def test_a_reason_of_several_lines_forges_no_line(crossfade: Run, capsys: Printed) -> None:
    forged = [{"at": ONE, "action": "Abort", "actor": "ann", "reason": "slow\napproved by the boss"}]
    crossfade(cluster(actions=forged), "audit", *SINCE)
    printed = capsys.readouterr().out
    assert "slow\\napproved by the boss" in printed
    assert not re.search(r"^[^\w]*approved by the boss", printed, re.MULTILINE)


LONG = "the table orders has no column total, and " * 20


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 240])
def test_no_line_is_longer_than_the_screen_and_no_release_grows_without_bound(width: int) -> None:
    deeds = [
        {"at": NOON, "action": "Abort", "actor": f"ann-{n}@example.com", "reason": LONG} for n in range(100)
    ]
    stored = judged(actions=deeds, approvals=deeds[:64], bypasses=deeds[:50], why=LONG)
    many = {
        "spec": {"containers": [{"name": f"c{n}", "image": f"registry.example.com/{n}"} for n in range(30)]}
    }
    stored["spec"]["template"] = many
    now = datetime(2026, 2, 1, tzinfo=UTC)
    asked = view.Asked(now - timedelta(days=30), now, "demo")
    output = io.StringIO()
    answer = view.audit([stored], [rollout(release=2)], asked, now)
    Console(file=output, width=width, color_system=None).print(audit_table.drawn(answer, width))
    lines = output.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= 100


def test_a_narrow_screen_shows_the_same_facts_below_each_other() -> None:
    now = datetime(2026, 2, 1, tzinfo=UTC)
    answer = view.audit([judged()], [], view.Asked(now - timedelta(days=30), now, "demo"), now)
    output = io.StringIO()
    Console(file=output, width=80, color_system=None).print(audit_table.drawn(answer, 80))
    assert output.getvalue().splitlines()[1:6] == [
        "demo/shop 2 RolledBack bbb222 canary",
        "  2026-01-31T12:00:00Z to 2026-01-31T14:00:00Z",
        "  app: not kept → shop:bbb222",
        "  could pass a policy by cat at 2026-01-31T12:00:00Z, policy quiet, until",
        "  2026-01-31T14:00:00Z: shop is down",
    ]


# What is asked for


def test_all_namespaces_may_be_asked_for(crossfade: Run, capsys: Printed) -> None:
    other = release(1, V1, rollout="cart", namespace="other")
    crossfade(cluster(other), "audit", "-A", *SINCE)
    printed = capsys.readouterr().out
    assert "3 releases of all namespaces" in printed
    assert "other/cart 1" in printed


def test_one_namespace_shows_its_own_alone(crossfade: Run, capsys: Printed) -> None:
    crossfade(cluster(release(1, V1, rollout="cart", namespace="other")), "audit", *SINCE, "-o", "json")
    assert {each["namespace"] for each in json.loads(capsys.readouterr().out)["releases"]} == {"demo"}


def test_one_rollout_may_be_named_with_its_kind(crossfade: Run, capsys: Printed) -> None:
    other = release(1, V1, rollout="cart")
    crossfade(cluster(other), "audit", *SINCE, "--rollout", "cf/cart", "-o", "json")
    assert [each["rollout"] for each in json.loads(capsys.readouterr().out)["releases"]] == ["cart"]


def test_a_rollout_that_was_deleted_is_found_by_what_it_left(crossfade: Run, capsys: Printed) -> None:
    assert crossfade(FakeCluster(release(1, V1, rollout="cart")), "audit", *SINCE, "--rollout", "cart") == 0
    assert "demo/cart 1" in capsys.readouterr().out


def test_a_name_that_nothing_has_is_an_error(crossfade: Run, capsys: Printed) -> None:
    assert crossfade(cluster(), "audit", "--rollout", "shp") == 1
    assert "There is no Rollout 'shp' in namespace 'demo'. Did you mean 'shop'?" in capsys.readouterr().err
    assert crossfade(cluster(), "audit", "-A", "--rollout", "shp") == 1
    assert "There is no Rollout 'shp' in any namespace" in capsys.readouterr().err


@pytest.mark.parametrize(("only", "numbers"), [("bypassed", [2]), ("failed", [2]), ("unapproved", [1])])
def test_one_kind_of_release_may_be_asked_for(
    crossfade: Run, capsys: Printed, only: str, numbers: list[int]
) -> None:
    assert crossfade(cluster(), "audit", *SINCE, "--only", only, "-o", "json") == 0
    assert [each["release"] for each in json.loads(capsys.readouterr().out)["releases"]] == numbers


def test_what_may_be_asked_for_is_what_the_view_knows() -> None:
    assert set(ONLY) == set(view.ONLY)


@pytest.mark.parametrize(
    ("text", "ago"),
    [("12h", timedelta(hours=12)), ("30d", timedelta(days=30)), ("2w", timedelta(weeks=2))],
)
def test_a_time_may_be_so_long_ago(text: str, ago: timedelta) -> None:
    assert abs(datetime.now(UTC) - ago - moment(text)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:00:00Z", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("2026-11-01T08:00:00+02:00", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("2026-11-01T08:00:00", datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_time_may_be_a_date_or_a_moment(text: str, meant: datetime) -> None:
    assert moment(text) == meant


@pytest.mark.parametrize(
    "text", ["", "d", "30", "1y", "0d", "yesterday", "2026-02-30", "999999999d", "0001-01-01T00:00:00+14:00"]
)
def test_a_time_that_is_none_is_refused_with_examples(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="write for example 12h, 30d, 2026-11-01 or"):
        moment(text)


def test_an_end_before_the_beginning_is_refused(crossfade: Run, capsys: Printed) -> None:
    assert crossfade(cluster(), "audit", "--since", "2026-02-01", "--until", "2026-01-01") == 1
    assert "--since (2026-02-01 00:00:00 UTC) is not before --until (2026-01-01" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["Release", "Rollout"])
def test_without_the_right_to_read_it_ends_with_1_and_no_half_answer(
    crossfade: Run, capsys: Printed, kind: str
) -> None:
    known = cluster()
    known.unreadable = {kind}
    assert crossfade(known, "audit") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "You may not do this" in printed.err


@pytest.mark.parametrize("where", ["before", "other"])
def test_csv_is_a_form_of_this_command_alone(crossfade: Run, capsys: Printed, where: str) -> None:
    arguments = ("-o", "csv", "audit") if where == "before" else ("report", "-o", "csv")
    with pytest.raises(SystemExit) as ended:
        crossfade(cluster(), *arguments)
    assert ended.value.code == 1
    assert "invalid choice: 'csv'" in capsys.readouterr().err


# For programs


def documented(heading: str) -> list[str]:
    """The first words of the rows of the table below a heading of the page."""
    section = PAGE.partition(f"\n### {heading}\n")[2].partition("\n#")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def as_json(crossfade: Run, capsys: Printed) -> dict[str, Any]:
    bypass = {"policy": "late", "by": "cat", "at": NOON}
    undone = {"at": TWO, "action": "Undo", "actor": "ann"}
    known = cluster(undone=undone)
    known.objects["Rollout", "shop"]["status"] |= {"bypasses": [bypass], "release": 4}
    crossfade(known, "audit", *SINCE, "-o", "json")
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    return shown


def test_json_has_a_version_and_is_the_shape_that_is_documented(crossfade: Run, capsys: Printed) -> None:
    shown = as_json(crossfade, capsys)
    assert shown["version"] == 1
    row = shown["releases"][0]
    parts = {
        "The whole": shown,
        "`asked`": shown["asked"],
        "`releases[]`": row,
        "`images[]`": row["images"][0],
        "`requestedBy`": row["requestedBy"],
        "`actions[]`, `approvals[]`, `bypasses[]`, `undone`": row["bypasses"][0],
        "`heldBy[]`": row["heldBy"][0],
        "`unusedBypasses[]`": shown["unusedBypasses"][0],
        "`records[]`": shown["records"][0],
        "`missing[]`": shown["records"][0]["missing"][0],
    }
    for heading, part in parts.items():
        assert documented(heading) == list(part), heading
    deeds = [row["actions"][0], row["approvals"][0], row["undone"], shown["unusedBypasses"][0]["bypass"]]
    assert all(list(deed) == list(row["bypasses"][0]) for deed in deeds)


def test_json_has_what_was_written_as_it_was_written(crossfade: Run, capsys: Printed) -> None:
    odd = "=1+1\n| \x1b[2J"
    crossfade(cluster(actions=[{"at": ONE, "action": "Abort", "reason": odd}]), "audit", *SINCE, "-o", "json")
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert json.loads(printed)["releases"][0]["actions"][0]["reason"] == odd


def test_csv_is_rfc_4180_with_the_columns_that_are_documented(crossfade: Run, capsys: Printed) -> None:
    assert crossfade(cluster(), "audit", *SINCE, "-o", "csv") == 0
    printed = capsys.readouterr().out
    assert printed.endswith('"\r\n')
    assert printed.count("\r\n") == printed.count("\n") == 3
    [header, first, second] = printed.split("\r\n")[:-1]
    assert header == ",".join(f'"{name}"' for name in documented("CSV"))
    assert len({line.count('","') for line in (header, first, second)}) == 1


def test_csv_has_a_row_for_each_release_with_all_that_was_done(crossfade: Run, capsys: Printed) -> None:
    crossfade(cluster(), "audit", *SINCE, "-o", "csv")
    [row, first] = rows_of(capsys.readouterr().out)
    assert first["release"] == "1"
    assert row == {
        "startedAt": NOON,
        "endedAt": TWO,
        "namespace": "demo",
        "rollout": "shop",
        "release": "2",
        "revision": V2,
        "imagesBefore": "app=shop:aaa111",
        "images": "app=shop:bbb222",
        "strategy": "canary",
        "outcome": "RolledBack",
        "why": "2 of 4 pods crashed",
        "requestedBy": "dan",
        "requestedHow": "Admission",
        "actions": f"Abort by ann at {ONE}: too slow",
        "approvals": f"by ben at {NOON}, policy prod, step 2",
        "bypasses": f"by cat at {NOON}, policy quiet, until {TWO}: shop is down",
        "heldBy": f"policy prod, rule windows, since {NOON}, until {ONE}",
        "undone": "",
        "full": "",
    }


def test_csv_says_on_standard_error_how_far_the_records_reach(crossfade: Run, capsys: Printed) -> None:
    crossfade(cluster(), "audit", *SINCE, "-o", "csv")
    assert capsys.readouterr().err.startswith("crossfade: All releases of this time are kept")


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "  =1+1",
        "\u00a0=1+1",
        '"=1+1',
        "＝1+1",
        "x,=1+1",
        'x","=1+1',
        "x; =1+1",
        "x|-1",
    ],
)
def test_no_cell_begins_a_formula_however_a_spreadsheet_splits_the_line(text: str) -> None:
    made = audit_csv.cell(text)
    for separator in ",;|\t":
        for part in made.split(separator):
            assert part.lstrip(' \u00a0"')[:1] not in set("=+-@＝＋－＠"), made


@pytest.mark.parametrize("text", ["", "plain", "a-b", "10:30", "shop:1.2", "ann@example.com", "2 + 2 = 4"])
def test_a_text_that_begins_no_formula_stays_as_it_is(text: str) -> None:
    assert audit_csv.cell(text) == text


@pytest.mark.parametrize("text", ["a\tb", "a\rb", "a\nb", "a\x00b", "a\x1b[2Jb", "a\u202eb"])
def test_control_characters_are_written_as_their_numbers(text: str) -> None:
    assert re.fullmatch(r"a\\[\w\[]+b", audit_csv.cell(text))


def test_somebodys_words_add_no_row_no_cell_and_no_fact(crossfade: Run, capsys: Printed) -> None:
    forged = 'slow"\r\n"x","y" | Approve by boss at 2026-01-31T12:00:00Z'
    crossfade(
        cluster(actions=[{"at": ONE, "action": "Abort", "actor": "ann", "reason": forged}]),
        "audit",
        *SINCE,
        "-o",
        "csv",
    )
    [row, _] = rows_of(capsys.readouterr().out)
    assert None not in row
    assert len(row["actions"].split(" | ")) == 1
    assert row["why"] == "2 of 4 pods crashed"


def test_every_cell_of_others_words_is_made_harmless(crossfade: Run, capsys: Printed) -> None:
    stored = judged(why="=1", actions=[{"action": "=2"}], heldBy=[])
    stored["spec"]["requester"] = {"name": "@ann", "how": "Admission"}
    stored["spec"]["strategy"] = "-x"
    stored["spec"]["template"] = {"spec": {"containers": [{"name": "=app", "image": "+1"}]}}
    crossfade(FakeCluster(rollout(release=2), stored), "audit", *SINCE, "-o", "csv")
    [row] = rows_of(capsys.readouterr().out)
    assert [name for name, told in row.items() if told and told[0] in "=+-@"] == []
    assert (row["why"], row["requestedBy"], row["strategy"]) == ("'=1", "'@ann", "'-x")


def test_the_help_says_what_it_lists_and_takes_seconds(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        crossfade(FakeCluster(), "audit", "--help")
    told = " ".join(capsys.readouterr().out.split())
    assert "Lists the releases that are kept, newest first: who asked for each" in told
    assert timedelta(seconds=19) < datetime.now(UTC) - moment("20s") < timedelta(seconds=25)
