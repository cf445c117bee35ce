"""Signs what a webhook is sent, as the Standard Webhooks specification says (1.0.0), so that its libraries can verify it.

Signed is `<id>.<timestamp>.<body>`, by HMAC with SHA-256; the header has `v1,` and the signature in base64. A receiver refuses what is
older than 5 minutes, and what has an id that it has answered already with something else to say: a copy of a request is then of no use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final

from crossfade.providers.outcome import Refused
from crossfade.providers.secret import Secret

PREFIX: Final = b"whsec_"
SHORTEST: Final = 24
LONGEST: Final = 64
"""Bytes of a key, both by the specification."""

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""No dot: they part what is signed."""


def signed(key: bytes, message_id: str, at_s: int, body: bytes) -> dict[str, Secret] | Refused:
    """The three headers. `key`: as the Secret has it, either the bytes themselves or `whsec_` and base64; `at_s`: since 1970."""
    if not _ID.fullmatch(message_id):
        return Refused("the id of what is sent to a webhook has letters, digits, _ and -, at most 128")
    secret = _key(key)
    if isinstance(secret, Refused):
        return secret
    digest = hmac.new(secret, f"{message_id}.{at_s}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": Secret(message_id),
        "webhook-timestamp": Secret(str(at_s)),
        "webhook-signature": Secret(f"v1,{base64.b64encode(digest).decode()}"),
    }


def _key(written: bytes) -> bytes | Refused:
    key = written.strip() if written.startswith(PREFIX) else written
    if key.startswith(PREFIX):
        try:
            key = base64.b64decode(key.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            return Refused(
                "the webhook's key begins with whsec_, and what follows is no base64: look at the Secret"
            )
    if not SHORTEST <= len(key) <= LONGEST:
        return Refused(
            f"the webhook's key has {len(key)} bytes, and must have {SHORTEST} to {LONGEST}: make a new one at random"
        )
    return key
