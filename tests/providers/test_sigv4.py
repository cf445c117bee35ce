"""What is signed for AWS is signed as botocore signs it, whatever the request has in it."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossfade.providers.fetch import Request
from crossfade.providers.outcome import Refused
from crossfade.providers.place import Place, place_of
from crossfade.providers.secret import Secret
from crossfade.providers.sigv4 import Keys, Scope, signed
from samples import examples

AT_S = 1_790_000_040
SCOPE = Scope("eu-central-1", "monitoring")
UNSIGNED = {"expect", "transfer-encoding", "user-agent", "x-amzn-trace-id", "authorization", "host"}
"""What botocore leaves out or writes itself; the first four are sent by nobody here."""


def by_botocore(request: Request, keys: Keys, scope: Scope, at_s: int) -> dict[str, str]:
    """The headers of the same request, signed by botocore at the same moment."""
    place = request.place
    url = f"{place.origin}{place.path}{f'?{place.query}' if place.query else ''}"
    headers = {name: each.reveal() for name, each in request.headers.items()}
    asked = AWSRequest(method=request.method, url=url, data=request.body, headers=headers)
    token = keys.session_token and keys.session_token.reveal()
    credentials = Credentials(keys.access_key_id.reveal(), keys.secret_access_key.reveal(), token)
    with patch("botocore.auth.get_current_datetime", lambda: datetime.fromtimestamp(at_s, UTC)):
        SigV4Auth(credentials, scope.service, scope.region).add_auth(asked)
    return {name.lower(): value for name, value in asked.headers.items()}


def by_us(request: Request, keys: Keys, scope: Scope, at_s: int) -> dict[str, str]:
    return {name.lower(): each.reveal() for name, each in signed(request, keys, scope, at_s).headers.items()}


plain = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)
TOKENS = [
    "a",
    "Z",
    "9",
    "-",
    "~",
    "_",
    ".x",
    "/y",
    "!$",
    "'()",
    "*",
    "+",
    ",",
    ";",
    ":",
    "@",
    "%20",
    "%C3%A4",
    "%2B",
]
written = st.lists(st.sampled_from(TOKENS), max_size=8).map("".join)
values = st.lists(st.sampled_from(["a", "B", "=", '"', "/", " ", "  ", ", "]) | plain, max_size=8).map(
    "".join
)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True).filter(
    lambda name: name.lower() not in UNSIGNED and not name.lower().startswith("x-amz-")
)


@st.composite
def places(draw: st.DrawFn) -> Place:
    """Any that can be asked."""
    host = draw(st.sampled_from(["monitoring.eu-central-1.amazonaws.com", "aws", "10.0.0.7", "[fd00::7]"]))
    port = draw(st.sampled_from(["", ":80", ":443", ":4566"]))
    query = draw(
        st.lists(st.tuples(written, written | st.none()), max_size=5).map(
            lambda pairs: "&".join(name if value is None else f"{name}={value}" for name, value in pairs)
        )
    )
    url = f"{draw(st.sampled_from(['http', 'https']))}://{host}{port}/{draw(written)}"
    place = place_of(f"{url}?{query}" if query else url)
    return Place("https", "aws", 443) if isinstance(place, Refused) else place


@st.composite
def requests(draw: st.DrawFn) -> Request:
    headers = draw(st.dictionaries(names, values, max_size=5))
    by_name = {name.lower(): (name, value) for name, value in headers.items()}
    return Request(
        draw(places()),
        draw(st.sampled_from(["GET", "POST"])),
        {name: Secret(value) for name, value in by_name.values()},
        draw(st.binary(max_size=200)),
    )


keys = st.builds(
    Keys,
    access_key_id=plain.map(Secret),
    secret_access_key=values.map(lambda text: Secret(text.strip() or "s")),
    session_token=st.none() | values.map(lambda text: Secret(text.strip() or "t")),
)


@settings(max_examples=examples(300))
@given(
    requests(), keys, st.builds(Scope, plain.map(str.lower), plain.map(str.lower)), st.integers(0, 2**32 - 1)
)
@example(Request(Place("https", "a", 443, "", "")), Keys(Secret("id"), Secret("s")), SCOPE, AT_S)
def test_it_signs_as_botocore_does(request: Request, key: Keys, scope: Scope, at_s: int) -> None:
    assert by_us(request, key, scope, at_s) == by_botocore(request, key, scope, at_s)


def test_keys_are_taken_without_the_line_end_of_their_file() -> None:
    request = Request(Place("https", "a", 443))
    from_files = Keys(Secret("id\n"), Secret("secret\n"), Secret("token\n"))
    assert by_us(request, from_files, SCOPE, AT_S) == by_us(
        request, Keys(Secret("id"), Secret("secret"), Secret("token")), SCOPE, AT_S
    )


def test_nothing_of_the_keys_is_shown() -> None:
    key = Keys(Secret("AKIAIOSFODNN7EXAMPLE"), Secret("wJalrXUtnFEMI"), Secret("session-token"))
    request = signed(Request(Place("https", "a", 443)), key, SCOPE, AT_S)
    shown = f"{key!r} {request!r}"
    assert not any(each.reveal() in shown for each in key.hidden)
    authorization = request.headers["Authorization"].reveal()
    echoed = f"{authorization} of AKIAIOSFODNN7EXAMPLE with wJalrXUtnFEMI and session-token"
    assert request.scrubbed(echoed) == "*** of *** with *** and ***"
