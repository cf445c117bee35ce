"""Kopf watches and does nothing else; its handlers fill the store and the queue."""

from typing import Any

import kopf
import pytest

from controller.fakes import child, obj, rollout
from crossfade.cluster import Credentials
from crossfade.controller.handlers import Intake, registry
from crossfade.controller.scope import Scope
from crossfade.controller.store import WATCHED, Key, Store
from crossfade.controller.watching import settings

SHOP = Key("ns", "shop")


async def credentials() -> Credentials:
    return Credentials("https://server", "ca", None, None, "Bearer", "secret", insecure=False, proxy_url=None)


@pytest.fixture
def queued() -> list[Key]:
    return []


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def intake(store: Store, queued: list[Key]) -> Intake:
    return Intake(store, queued.append)


@pytest.mark.parametrize("event_type", [None, "ADDED", "MODIFIED"])
def test_what_is_seen_is_kept_and_its_rollout_queued(
    intake: Intake, store: Store, queued: list[Key], event_type: str | None
) -> None:
    intake.take("Rollout", event_type, rollout())
    assert store.rollout(SHOP) == rollout()
    assert queued == [SHOP]


def test_what_is_no_news_queues_nothing(intake: Intake, queued: list[Key]) -> None:
    intake.take("Rollout", None, rollout(5))
    intake.take("Rollout", "MODIFIED", rollout(5))
    intake.take("Rollout", "MODIFIED", rollout(4))
    assert queued == [SHOP]


def test_what_is_deleted_is_forgotten_and_its_rollout_queued(
    intake: Intake, store: Store, queued: list[Key]
) -> None:
    intake.take("Deployment", None, child("shop-aaa", 5))
    intake.take("Deployment", "DELETED", child("shop-aaa", 6))
    assert store.children("Deployment", SHOP) == []
    assert queued == [SHOP, SHOP]


def test_what_belongs_to_no_rollout_queues_nothing(intake: Intake, queued: list[Key]) -> None:
    intake.take("Release", "ADDED", obj("by-hand"))
    assert queued == []


@pytest.mark.parametrize("scope", [Scope("another"), Scope(skipped=("n*",))], ids=["another", "skipped"])
def test_what_another_operator_works_on_is_neither_kept_nor_queued(
    store: Store, queued: list[Key], scope: Scope
) -> None:
    intake = Intake(store, queued.append, scope=scope)
    intake.take("Rollout", None, rollout())
    intake.take("Deployment", "DELETED", child("shop-aaa", 5))
    assert (store.rollout(SHOP), queued) == (None, [])


def test_there_are_handlers_of_events_only_one_for_each_kind(intake: Intake) -> None:
    """Every other kind of handler patches each object, or holds its deletion up with a finalizer."""
    registered = registry(intake, credentials)
    watching = registered._watching.get_all_handlers()
    assert sorted(str(handler.id) for handler in watching) == sorted(kind.plural for kind in WATCHED.values())
    for others in (registered._changing, registered._spawning, registered._indexing, registered._webhooks):
        assert list(others.get_all_handlers()) == []


async def test_a_handler_returns_nothing_for_kopf_to_write(intake: Intake, queued: list[Key]) -> None:
    handlers = {str(h.id): h for h in registry(intake, credentials)._watching.get_all_handlers()}
    handler: Any = handlers["rollouts"].fn
    assert await handler(event={"type": "ADDED", "object": rollout()}) is None
    assert queued == [SHOP]


async def test_an_event_is_left_with_nothing_but_who_it_is_about_once_the_store_has_it(
    intake: Intake, store: Store
) -> None:
    handlers = {str(h.id): h for h in registry(intake, credentials)._watching.get_all_handlers()}
    handler: Any = handlers["rollouts"].fn
    seen = rollout(status={"phase": "Healthy"}, metadata={"managedFields": [{"manager": "kubectl"}]})
    spec, meta = seen["spec"], {k: v for k, v in seen["metadata"].items() if k != "managedFields"}
    await handler(event={"type": "ADDED", "object": seen})
    kept = store.rollout(SHOP)
    assert kept is not None
    assert (kept["spec"], kept["status"]["phase"]) == (spec, "Healthy")
    assert {k: v for k, v in seen.items() if k not in {"kind", "apiVersion"}} == {"metadata": meta}


async def test_kopf_logs_in_as_the_operator_itself(intake: Intake) -> None:
    (login,) = registry(intake, credentials)._activities.get_all_handlers()
    function: Any = login.fn
    connection = await function()
    assert (connection.server, connection.as_http_headers()) == (
        "https://server",
        {"Authorization": "Bearer secret"},
    )


def test_kopf_posts_scans_and_writes_nothing() -> None:
    chosen = settings()
    assert not chosen.posting.enabled
    assert chosen.peering.standalone
    assert chosen.scanning.disabled
    assert chosen.queueing.worker_limit is None, "lower than the number of objects, it deadlocks"
    body, patch = kopf.Body({}), kopf.Patch()
    chosen.persistence.diffbase_storage.store(body=body, patch=patch, essence={})
    assert dict(patch) == {}


@pytest.mark.parametrize("kind", [name for name, kind in WATCHED.items() if kind.labelled])
def test_common_kinds_are_watched_by_our_label(kind: str) -> None:
    watched = WATCHED[kind]
    selectors = settings().watching.label_selectors
    assert selectors[watched.group, watched.version, watched.plural] == "crossfade.dev/rollout"
