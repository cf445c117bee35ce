"""Stories that the tests of a class judge, played side by side: what all of them wait for is waited for once.

    ABORT = Story("abort", abort_at_half)

    class TestTheMiddleOfARelease(SideBySide):
        @of(ABORT)
        def test_nothing_is_lost(self, told: Told) -> None:
            assert told().lost == 0

Each story has a namespace of its own and is played once, however many tests judge it; only those of selected tests are.
A test that is tried again has its story played again, alone.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from bench import namespaces
from bench.kube import Kube
from fixtures import Evidence, broken_statuses, evidence_of

Told = Callable[[], Any]
"""What the story has to tell, once it is at its end; raises what it met."""


@dataclass(frozen=True, eq=False)
class Story:
    """What is played in a namespace, and the name by which it is chosen."""

    name: str
    play: Callable[[Kube, str], Any]


def of(*stories: Story, deep: tuple[Story, ...] = ()) -> pytest.MarkDecorator:
    """Have a test judge each of these stories; those that are `deep` only in `make test-all`."""
    each = [*stories, *(pytest.param(story, marks=pytest.mark.deep) for story in deep)]
    return pytest.mark.parametrize(
        "told", each, ids=[story.name for story in (*stories, *deep)], indirect=True
    )


class Played:
    """A story that is being played in a namespace of its own."""

    def __init__(self, kube: Kube, story: Story, pool: ThreadPoolExecutor) -> None:
        self.kube = kube
        self.story = story
        self.made: list[str] = []
        self.end: Future[Any] = pool.submit(self._play)

    def _play(self) -> Any:
        self.made.append(namespaces.make(self.kube, "t"))
        return self.story.play(self.kube, self.made[0])

    def judged(self, evidence: Evidence, *, goes: bool) -> None:
        """After a test: no status is broken, and where it failed all is kept as files. The namespace goes after the last one."""
        broken = broken_statuses(self.kube, self.made)
        if evidence.is_wanted:
            evidence.keep(self.kube, self.made)
        for name in self.made if goes else ():
            namespaces.forget(name)
            self.kube.delete("Namespace", "", name)
        assert broken == []


class Stage:
    """The stories of a class; `judges` are the tests that have one to judge, by their ids."""

    def __init__(self, kube: Kube, pool: ThreadPoolExecutor, judges: dict[str, Story]) -> None:
        self.kube = kube
        self.pool = pool
        self.judges = judges
        self.left = Counter(judges.values())
        self.on = {story: Played(kube, story, pool) for story in self.left}

    def judged_by(self, test: pytest.Item) -> Iterator[Told]:
        """The story of a test, until it was judged."""
        story, evidence = self.judges.pop(test.nodeid, None), evidence_of(test)
        if story:
            played = self.on[story]
            yield played.end.result
            self.left[story] -= 1
            played.judged(evidence, goes=not self.left[story])
        else:  # tried again
            played = Played(self.kube, test.callspec.params["told"], self.pool)  # type: ignore[attr-defined]
            yield played.end.result
            played.judged(evidence, goes=True)


class SideBySide:
    """The base of a class whose tests judge stories."""

    at_most = 6
    """Stories at a time: the node has room for 110 pods, and another class may be played beside this one."""

    @pytest.fixture(scope="class")
    @classmethod
    def stage(cls, kube: Kube, request: pytest.FixtureRequest) -> Iterator[Stage]:
        """Begins what the selected tests of this class judge."""
        ours = [each for each in request.session.items if getattr(each, "cls", None) is request.cls]
        judges = {each.nodeid: each.callspec.params["told"] for each in ours}  # type: ignore[attr-defined]
        with ThreadPoolExecutor(cls.at_most) as pool:
            yield Stage(kube, pool, judges)

    @pytest.fixture
    def told(self, stage: Stage, request: pytest.FixtureRequest) -> Iterator[Told]:
        """What a test's story has to tell."""
        yield from stage.judged_by(request.node)
