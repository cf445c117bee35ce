"""Real pods on the kind cluster: one namespace per test, and everything worth reading when one fails."""

import logging
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_kind import KindCluster
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from bench import namespaces, operator_pods
from bench.kube import ApiError, Kube, NeverHappenedError, Object, wait_for
from bench.person import Person, bound, given
from bench.scale import fake_node
from faults.lane import STRATEGIES
from kind.policies import New, Rule, is_read, policy
from kstatus import broken_rule

CLUSTER = "crossfade"
CACHE = Path(os.environ.get("CROSSFADE_CACHE", Path.home() / ".cache" / "crossfade"))
LOGS = Path(__file__).parent / "logs"
MEASURING = {"quiet", "serial"}
"""The parts of `make kind` that come after another part."""
GONE_WITHIN_S = 300
FAILED = pytest.StashKey[bool]()
COUNTED = "counted"
KWOK = {"test_mutations.py", "test_corruptions.py"}
"""Kwok and its node are there once."""
WHOLE = {"test_hostile_sources.py"}
"""All tests of these are about the same few Rollouts."""


def pytest_configure() -> None:
    """Let a failed test show what its story saw."""
    logging.getLogger("bench").setLevel(logging.INFO)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the cluster. The longest begin first, so that nobody waits for one at the end."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.kind)
    items.sort(key=lambda item: -about_s(item))


def about_s(item: pytest.Item) -> int:
    """How long the test, or all that it shares something with, takes; 0 for what takes less than a minute."""
    marker = item.get_closest_marker("long")
    return int(marker.args[0]) if marker else 0


class Together(LoadScopeScheduling):
    """Hands tests out to processes one by one and in order, but those that share something to one of them.

    (The marker `xdist_group` does nothing with pytest 9.)
    """

    def _split_scope(self, nodeid: str) -> str:
        module, _, test = nodeid.partition("::")
        if Path(module).name in KWOK:
            return "kwok"
        if Path(module).name in WHOLE:
            return module
        if Path(module).name == "test_faults.py":  # measured by the same undisturbed lives
            strategy = test.partition("[")[2].rstrip("]")
            return f"faults of {strategy if strategy in STRATEGIES else 'all'}"
        return nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Used with `-n`, whatever `--dist` says."""
    config.option.loadscopereorder = (
        False  # else the group of most tests begins first, however short they are
    )
    return Together(config, log)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test on the cluster is a failure: it would hide that something was not shown."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if os.environ.get("CI") and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let fixtures know, on their way down, whether their test failed."""
    report = yield
    if report.failed:  # type: ignore[attr-defined]
        item.stash[FAILED] = True
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests counted, also where all went well: a count that shrinks is seen."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    counted = [
        text
        for each in reports
        if each.when == "call"
        for name, text in each.user_properties
        if name == COUNTED
    ]
    if counted:
        terminalreporter.section("counts")
        terminalreporter.write_line("\n".join(str(text) for text in counted))


def newest(pattern: str) -> Path:
    """The tool that `make cluster` put into the cache."""
    found = sorted((CACHE / "bin").glob(pattern))
    if not found:
        pytest.fail(f"there is no {pattern} in the cache: run `make cluster`", pytrace=False)
    return found[-1]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> KindCluster:
    """The kind cluster that `make cluster` keeps; it is never made nor removed here."""
    kind, kubectl = newest("kind-*/kind"), newest("kubernetes-*/kubectl")
    listed = subprocess.run([kind, "get", "clusters"], capture_output=True, text=True, check=False)
    if CLUSTER not in listed.stdout.split():
        pytest.fail(f"there is no kind cluster {CLUSTER!r}: run `make cluster`", pytrace=False)
    kubeconfig = tmp_path_factory.mktemp("kind") / "kubeconfig"
    config = subprocess.run(
        [kind, "get", "kubeconfig", "--name", CLUSTER], capture_output=True, text=True, check=True
    )
    kubeconfig.touch(0o600)
    kubeconfig.write_text(config.stdout)
    found = KindCluster(CLUSTER, kubeconfig=kubeconfig, kind_path=kind, kubectl_path=kubectl)
    found.create()
    return found


@pytest.fixture(scope="session")
def kube(cluster: KindCluster) -> Kube:
    """The cluster's API server, in plain JSON."""
    return Kube(Path(cluster.kubeconfig_path))


@pytest.fixture(scope="session")
def running_operator(kube: Kube) -> None:
    """The operator of this cluster, available."""
    try:
        operator_pods.wait_available(kube)
    except (NeverHappenedError, KeyError) as error:
        pytest.fail(f"the operator is not available: run `make cluster` ({error})", pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def nothing_is_going(request: pytest.FixtureRequest, kube: Kube) -> None:
    """What measures begins once the namespaces of earlier tests are gone: hundreds of pods may be on their way out."""
    if request.config.getoption("markexpr") not in MEASURING:
        return

    def gone() -> bool:
        return not any(each["metadata"].get("deletionTimestamp") for each in kube.list("Namespace", ""))

    wait_for("the namespaces of earlier tests to be gone", gone, GONE_WITHIN_S, every_s=1)


@pytest.fixture(scope="session")
def kwok(kube: Kube) -> Iterator[None]:
    """Kwok and its node, until this process has no more tests: what some leave is removed beside the next ones.

    Pods that are left at the end go with the node.
    """
    with fake_node.playing(kube):
        yield


@pytest.fixture
def new_namespace(kube: Kube, request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Makes namespaces; after a failure what is in them is kept as files before they go.

    Whatever the test was about, the statuses that its Rollouts end with must follow kstatus.
    """
    made: list[str] = []
    started = time.time()
    own = request.node.get_closest_marker("own_operator") is not None

    def make() -> str:
        made.append(namespaces.make(kube, namespaces.OWN if own else "t"))
        return made[-1]

    yield make
    broken = _broken_statuses(kube, made)
    if request.node.stash.get(FAILED, False):
        folder = LOGS / request.node.name.replace("/", "-")
        shutil.rmtree(folder, ignore_errors=True)
        namespaces.keep_evidence(kube, made, folder, since=started)
        print(f"what the cluster held is in {folder}")
    for name in made:
        namespaces.forget(name)
        kube.delete("Namespace", "", name)
    assert broken == []


def _broken_statuses(kube: Kube, made: list[str]) -> list[str]:
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
