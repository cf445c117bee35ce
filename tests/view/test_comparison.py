"""What changed from one template to another."""

from crossfade.view.attempts import attempts, previous
from crossfade.view.comparison import difference, title
from view.releases import V1, V2, V3, release, template


def test_only_what_changed_and_what_is_around_it_is_shown() -> None:
    before, after = template("shop:v1", env=[{"name": "A", "value": "1"}]), template("shop:v2")
    assert difference(before, after, "one", "two") == (
        "--- one",
        "+++ two",
        "@@ -1,7 +1,4 @@",
        " spec:",
        "   containers:",
        "   - name: app",
        "-    env:",
        "-    - name: A",
        '-      value: "1"',
        "-    image: shop:v1",
        "+    image: shop:v2",
    )


def test_templates_that_differ_in_the_order_of_keys_only_do_not_differ() -> None:
    assert difference({"a": 1, "b": 2}, {"b": 2, "a": 1}, "one", "two") == ()


def test_the_title_names_the_release_its_revision_and_its_end() -> None:
    done, going = attempts([release(2, V2, "RolledBack"), release(1, V1, "")])
    assert title(done) == "shop release 2 (revision bbb222, RolledBack)"
    assert title(going) == "shop release 1 (revision aaa111, under way)"


def test_the_previous_release_is_the_one_that_served_not_the_one_that_failed_in_between() -> None:
    known = attempts([release(1, V1), release(2, V2, "RolledBack", of=V1), release(3, V3, of=V1)])
    assert previous(known, known[0]) == known[2]


def test_where_the_one_that_served_is_not_kept_it_is_the_one_before() -> None:
    known = attempts([release(8, V2, "RolledBack", of=V1), release(9, V3, of=V1)])
    assert previous(known, known[0]) == known[1]


def test_the_oldest_release_has_no_previous_one() -> None:
    known = attempts([release(1, V1)])
    assert previous(known, known[0]) is None
