"""What the tests on the kind cluster and those of the API tier have in common: a namespace for each, people, policies.

Whoever has these has a fixture `kube` too. After a failure what was in the namespaces is kept as files.
"""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import durations
from bench import namespaces
from bench.kube import ApiError, Kube, Object, wait_for
from bench.person import Person, bound, given
from faults.lane import STRATEGIES
from heartbeat import COUNTED
from kind.policies import New, Rule, is_read, policy
from kstatus import broken_rule

LOGS = Path(__file__).parent / "kind" / "logs"
FAILED = pytest.StashKey[bool]()
WHOLE = {"test_hostile_sources.py", "test_mutations.py", "test_corruptions.py"}
"""All tests of such a file share something that is made once."""
UNKNOWN_S = 5.0
"""Taken for what no run has measured yet."""


def scope_of(nodeid: str) -> str:
    """What a test shares with others: they run in one process, one after the other. Chapters of a story are one class."""
    module, _, test = nodeid.partition("::")
    if "::" in test:
        return nodeid.rpartition("::")[0]
    if Path(module).name in WHOLE:
        return module
    if Path(module).name == "test_faults.py":  # measured by the same undisturbed lives
        strategy = test.partition("[")[2].rstrip("]")
        return f"faults of {strategy if strategy in STRATEGIES else 'all'}"
    return nodeid


class Together(LoadScopeScheduling):
    """Hands tests out to processes one by one and in order, but those that share something to one of them.

    (The marker `xdist_group` does nothing with pytest 9.)
    """

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Used with `-n`, whatever `--dist` says."""
    config.option.loadscopereorder = (
        False  # else the group of most tests begins first, however short they are
    )
    return Together(config, log)


def longest_first(items: list[pytest.Item]) -> None:
    """So that nobody waits for a long one at the end; what took how long is known from the last run."""
    known = durations.read()["tests"]
    takes: Counter[str] = Counter()
    for item in items:
        takes[scope_of(item.nodeid)] += known.get(item.nodeid, UNKNOWN_S)  # type: ignore[assignment]
    items.sort(key=lambda item: -takes[scope_of(item.nodeid)])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let fixtures know, on their way down, whether their test failed."""
    report = yield
    if report.failed:  # type: ignore[attr-defined]
        item.stash[FAILED] = True
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests counted, also where all went well: a count that shrinks is seen."""
    reports = [each for outcome in ("passed", "failed") for each in terminalreporter.getreports(outcome)]
    counted = [text for each in reports for name, text in each.user_properties if name == COUNTED]
    if counted:
        terminalreporter.section("counts")
        terminalreporter.write_line("\n".join(str(text) for text in counted))


@pytest.fixture
def new_namespace(kube: Kube, request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Makes namespaces; after a failure what is in them is kept as files before they go.

    Whatever the test was about, the statuses that its Rollouts end with must follow kstatus.
    """
    made: list[str] = []
    evidence = evidence_of(request.node)
    own = request.node.get_closest_marker("own_operator") is not None

    def make() -> str:
        made.append(namespaces.make(kube, namespaces.OWN if own else "t"))
        return made[-1]

    yield make
    broken = broken_statuses(kube, made)
    if evidence.is_wanted:
        evidence.keep(kube, made)
    for name in made:
        namespaces.forget(name)
        kube.delete("Namespace", "", name)
    assert broken == []


@dataclass(frozen=True)
class Evidence:
    """What the cluster held, for who reads why a test failed."""

    item: pytest.Item
    since: float

    @property
    def is_wanted(self) -> bool:
        """Whether the test failed."""
        return self.item.stash.get(FAILED, False)

    def keep(self, kube: Kube, made: list[str]) -> None:
        """Leave what is in these namespaces as files."""
        folder = LOGS / self.item.name.replace("/", "-")
        shutil.rmtree(folder, ignore_errors=True)
        namespaces.keep_evidence(kube, made, folder, since=self.since)
        print(f"what the cluster held is in {folder}")


def evidence_of(item: pytest.Item) -> Evidence:
    """That of a test which begins now."""
    return Evidence(item, time.time())


def broken_statuses(kube: Kube, made: list[str]) -> list[str]:
    """The rule that each status breaks, judged for the generation that it is about; none for what nobody has seen."""
    found = [rollout for name in made for rollout in kube.list("Rollout", name)]
    told = [rollout for rollout in found if rollout.get("status", {}).get("observedGeneration", -1) > 0]
    rules = {each["metadata"]["name"]: broken_rule({}, _as_judged(each)) for each in told}
    return [f"{name}: {rule}" for name, rule in rules.items() if rule]


def _as_judged(rollout: Object) -> Object:
    meta = {**rollout["metadata"], "generation": rollout["status"]["observedGeneration"]}
    return {**rollout, "metadata": meta}


@pytest.fixture
def namespace(new_namespace: Callable[[], str]) -> str:
    """A fresh namespace for this test alone."""
    return new_namespace()


@pytest.fixture
def apply(kube: Kube, namespace: str) -> Callable[[Object], Object]:
    """Server-side apply of a manifest into the test's namespace; raises bench.kube.ApiError."""

    def apply_manifest(manifest: Object) -> Object:
        meta = {**manifest["metadata"], "namespace": namespace}
        return kube.apply({**manifest, "metadata": meta})

    return apply_manifest


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Have a line of counts printed at the end of the run."""
    return lambda line: record_property(COUNTED, line)


@pytest.fixture
def new_person(kube: Kube, namespace: str) -> Iterator[Callable[..., Person]]:
    """Makes people: `new_person("ann", "release-managers", roles=["edit"], rules=[…])`, with the rights here and nowhere else."""
    made: list[Person] = []

    def make(
        name: str, *groups: str, roles: tuple[str, ...] = (), rules: list[Object] | None = None
    ) -> Person:
        person = Person(kube, f"{name}@{namespace}", *groups)
        made.append(person)
        for role in roles:
            bound(kube, namespace, role, person)
        if rules:
            given(kube, namespace, person, *rules)
        return person

    yield make
    for person in made:
        person.forget()


@pytest.fixture
def rule(kube: Kube, namespace: str) -> Iterator[Rule]:
    """Makes policies about this namespace: `rule("quiet", freeze={…})`, with the names that they have."""
    made: list[str] = []

    def make(what: str, **spec: Any) -> str:
        name = f"{what}-{namespace}"
        selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
        kube.apply(policy(name, namespaceSelector=selector, **spec))
        made.append(name)
        wait_for(f"{name} to be read", lambda: is_read(kube, name))
        return name

    yield make
    for name in made:
        kube.delete("RolloutPolicy", "", name)


@pytest.fixture
def dev(new_person: New, namespace: str) -> Person:
    """A developer, who may edit Rollouts here and ask for everything but approvals."""
    person = new_person("dev", roles=("edit",))
    wait_for("the rights of dev", lambda: may_list(person, namespace))
    return person


def may_list(person: Person, namespace: str) -> bool:
    try:
        return person.list("Rollout", namespace) is not None
    except ApiError:
        return False
