"""What a webhook is sent is signed as the Standard Webhooks specification says."""

import base64

import pytest

from crossfade.providers.outcome import Refused
from crossfade.providers.signature import signed

KEY = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT_S = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""The specification's own example, which its libraries test themselves by."""


def signature(key: bytes = KEY, message_id: str = ID, at_s: int = AT_S, body: bytes = BODY) -> str | Refused:
    headers = signed(key, message_id, at_s, body)
    return headers if isinstance(headers, Refused) else headers["webhook-signature"].reveal()


def test_the_example_of_the_specification_is_met() -> None:
    headers = signed(KEY, ID, AT_S, BODY)
    assert not isinstance(headers, Refused)
    assert {name: each.reveal() for name, each in headers.items()} == {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_a_key_may_be_given_as_it_is_or_in_base64_with_a_line_end() -> None:
    raw = base64.b64decode(KEY.removeprefix(b"whsec_"))
    assert signature(raw) == signature(KEY + b"\n") == SIGNATURE


@pytest.mark.parametrize(
    "other",
    [
        signature(b"k" * 24),
        signature(message_id="msg_2"),
        signature(at_s=AT_S + 1),
        signature(body=BODY + b" "),
    ],
)
def test_what_is_changed_has_another_signature(other: str) -> None:
    assert other != SIGNATURE


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (b"", "has 0 bytes, and must have 24 to 64"),
        (b"hunter22", "has 8 bytes"),
        (b"k" * 65, "has 65 bytes"),
        (b"whsec_aGk=", "has 2 bytes"),
        (b"whsec_hunter22!", "is no base64"),
    ],
)
def test_a_key_that_is_none_is_refused_and_not_shown(key: bytes, says: str) -> None:
    refused = signature(key)
    assert isinstance(refused, Refused)
    assert says in refused.why
    assert "hunter22" not in refused.why


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "a\r\nb", "a" * 129])
def test_an_id_cannot_be_read_as_something_else(message_id: str) -> None:
    assert isinstance(signature(message_id=message_id), Refused)
