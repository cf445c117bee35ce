"""AWS Signature Version 4: a request that proves who asks, as every service of AWS but S3 checks it.

Source: AWS's page on the elements of a signed request. All headers of the request are signed, its host and its body too, so that nothing
of it can be changed on the way; the time that is signed lets it be used for five minutes only. Checked against botocore's signer.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from typing import Final
from urllib.parse import quote

from crossfade.providers.fetch import Request
from crossfade.providers.secret import Secret

_METHOD: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Keys:
    """An access key: its id, its secret, and where it is a temporary one, the token that came with it."""

    access_key_id: Secret
    secret_access_key: Secret
    session_token: Secret | None = None

    @property
    def hidden(self) -> tuple[Secret, ...]:
        """What of them must not be shown; the id neither."""
        each = (self.access_key_id, self.secret_access_key, self.session_token)
        return tuple(secret for secret in each if secret is not None)


@dataclass(frozen=True)
class Scope:
    """Where a signature is good: `eu-central-1`, `monitoring`."""

    region: str
    service: str


def signed(request: Request, keys: Keys, scope: Scope, at_s: float) -> Request:
    """The request with the headers that prove it. `at_s`: now, in seconds since 1970."""
    at = datetime.fromtimestamp(at_s, UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {**request.headers, "X-Amz-Date": Secret(at)}
    if keys.session_token is not None:
        headers["X-Amz-Security-Token"] = Secret(keys.session_token.reveal().strip())
    names, canonical = _canonical(request, headers)
    where = f"{at[:8]}/{scope.region}/{scope.service}/aws4_request"
    to_sign = f"{_METHOD}\n{at}\n{where}\n{_digest(canonical.encode())}"
    credential = f"{keys.access_key_id.reveal().strip()}/{where}"
    signature = _signature(keys.secret_access_key, where, to_sign)
    headers["Authorization"] = Secret(
        f"{_METHOD} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    )
    return replace(request, headers=headers, hidden=(*request.hidden, *keys.hidden))


def _canonical(request: Request, headers: Mapping[str, Secret]) -> tuple[str, str]:
    """The names of what is signed, and the request as both sides write it down."""
    host = request.place.origin.partition("://")[2]
    told = {"host": host, **{name.lower(): " ".join(each.reveal().split()) for name, each in headers.items()}}
    names = ";".join(sorted(told))
    lines = [f"{name}:{told[name]}" for name in sorted(told)]
    path = quote(request.place.path or "/", safe="/~")
    parts = [request.method, path, _query(request.place.query), *lines, "", names, _digest(request.body)]
    return names, "\n".join(parts)


def _query(query: str) -> str:
    """The parameters as they are written, in order; one without a value gets an empty one."""
    pairs = [each.partition("=") for each in query.split("&")] if query else []
    return "&".join(f"{name}={value}" for name, _, value in sorted(pairs))


def _signature(secret: Secret, where: str, to_sign: str) -> str:
    """By a key that is good for one day, region and service."""
    first = f"AWS4{secret.reveal().strip()}".encode()
    return reduce(_mac, [*where.split("/"), to_sign], first).hex()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
