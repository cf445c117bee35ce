"""A gate that somebody else keeps: it is told what is at stake, and says yes, no, or not yet."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from crossfade.api.sources import Webhook
from crossfade.controller.sources import secrets
from crossfade.controller.sources.asked import failed
from crossfade.controller.sources.means import Means
from crossfade.core.measured import Answer, Ask, Said
from crossfade.core.moments import later
from crossfade.providers import webhook
from crossfade.providers.fetch import Limits
from crossfade.providers.outcome import Refused, SourceError
from crossfade.providers.webhook import Decision, No, NotYet, Yes


async def measure(means: Means, ask: Ask, wanted: Webhook) -> Answer:
    """What it says."""
    key = await secrets.held_by(means.reads, wanted.secret, ask.both.namespace)
    if not isinstance(key, bytes):
        return key
    question = question_of(ask)
    hook = webhook.Webhook(wanted.url, key, Limits(wanted.timeout_seconds))
    told = await hook.ask(means.fetch, question, message_id(question), int(means.now()))
    return failed(told) if isinstance(told, SourceError | Refused) else said(told)


def question_of(ask: Ask) -> dict[str, Any]:
    """What is at stake: the same for the same window, however often it is asked about."""
    window, both = ask.window, ask.both
    return {
        "namespace": both.namespace,
        "rollout": ask.owner.rollout,
        "release": ask.owner.release,
        "candidate": both.candidate.revision,
        "stable": both.stable.revision,
        "run": window.run,
        "metric": window.metric,
        "measurement": window.number,
        "since": later(window.until, -window.seconds),
        "arguments": dict(ask.arguments),
    }


def message_id(question: dict[str, Any]) -> str:
    """The same for the same question; by it a receiver knows one that it has answered."""
    text = json.dumps(question, sort_keys=True, separators=(",", ":"))
    return f"msg_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def said(told: Decision) -> Said:
    """The answer, with what it wants people to read."""
    match told:
        case Yes(message):
            return Said(good=True, told=_sentence("yes", message))
        case No(message):
            return Said(good=False, told=_sentence("no", message))
        case NotYet(message, after_s):
            return Said(good=None, told=_sentence("not yet", message), after_s=after_s or 0.0)


def _sentence(word: str, message: str) -> str:
    return f"the webhook says {word}{f' ({message})' if message else ''}"
