"""Reads one key of a Secret, with the right that its namespace grants."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from http import HTTPStatus

from crossfade.api.sources import SecretKey
from crossfade.cluster import ApiError
from crossfade.controller.gateways import Gets
from crossfade.core.measured import Down, Wrong
from crossfade.providers.secret import Secret


async def read(reads: Gets, ref: SecretKey, namespace: str) -> Secret | Wrong | Down:
    """What it holds, as text without the line end that files have; else what is wrong, without any of it."""
    held = await held_by(reads, ref, namespace)
    if not isinstance(held, bytes):
        return held
    try:
        return Secret(held.decode().rstrip("\r\n"))
    except UnicodeDecodeError:
        return Wrong(f"key {ref.key} of Secret {ref.name} is no text: write a token there")


async def read_all(
    reads: Gets, refs: Iterable[SecretKey], namespace: str
) -> tuple[Secret, ...] | Wrong | Down:
    """What each holds, one after the other; else what is wrong with the first that cannot be read."""
    found = []
    for ref in refs:
        held = await read(reads, ref, namespace)
        if not isinstance(held, Secret):
            return held
        found.append(held)
    return tuple(found)


async def held_by(reads: Gets, ref: SecretKey, namespace: str) -> bytes | Wrong | Down:
    """The bytes that it holds. Whoever asks for them shows them nowhere."""
    try:
        found = await reads.get("Secret", namespace, ref.name)
    except ApiError as error:
        if error.status == HTTPStatus.FORBIDDEN:
            return Wrong(
                f"the operator may not read Secret {ref.name}: give it that right by a Role and a RoleBinding in "
                f"namespace {namespace} (docs/analysis.md has both)"
            )
        return Down(f"Secret {ref.name} cannot be read now: {error}")
    stored = ((found or {}).get("data") or {}).get(ref.key)
    if stored is None:
        return Wrong(f"Secret {ref.name} has no key {ref.key}: create it, or name another")
    try:
        return base64.b64decode(stored, validate=True)
    except (binascii.Error, TypeError):
        return Wrong(f"key {ref.key} of Secret {ref.name} cannot be read: make the Secret anew")
