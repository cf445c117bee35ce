"""What is remembered of a Rollout between passes. All of it may be lost: the next passes learn it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from crossfade.cluster import ApiError
from crossfade.controller.refusals import Refusals
from crossfade.core.plan import Event, Write


@dataclass
class Known:
    """The memory of one Rollout."""

    has_looked: bool = False  # a pass of this process over it has come to its end
    services: set[str] = field(default_factory=set)  # names that a CREATE found taken
    deployments: set[str] = field(default_factory=set)
    namespace_terminating: bool = False
    refusal: str = ""  # why the API server did not take a Deployment, until a pass has told it
    refusals: Refusals = field(default_factory=Refusals)  # of all other writes
    refusal_is_news: bool = False  # the last pass met one that no pass has told yet
    lost: frozenset[str] = frozenset()  # stored values that cannot be used, and of which people were told
    counts_differ_since: datetime | None = None
    futile: dict[tuple[str, str], Write] = field(default_factory=dict)  # what left an object as it was
    unsure: Write | None = None  # sent, and nobody knows whether it happened
    untold: tuple[Event, ...] = ()  # what the status of the last pass was to tell
    writing_passes: int = 0

    def note(self, error: ApiError) -> None:
        """A namespace that goes refuses everything new: known from then on. Any other error is raised again."""
        if not error.namespace_terminating:
            raise error
        self.namespace_terminating = True

    def is_futile(self, write: Write) -> bool:
        """Whether that very write left the object as it is: the API server has a value of its own, or keeps another's.

        What another field manager alone owns (a restored backup) looks like an edit for ever, and may be as it was made.
        """
        return self.futile.get((write.kind, write.name)) == write
