"""A secret shows itself nowhere but in the request."""

import pytest

from crossfade.providers.fetch import Request
from crossfade.providers.place import Place
from crossfade.providers.secret import Basic, Bearer, Secret, hidden_of, scrubbed

TOKEN = Secret("s3cr3t-token")


@pytest.mark.parametrize(
    "value",
    [
        TOKEN,
        Bearer(TOKEN),
        Basic("bob-the-user", TOKEN),
        Request(
            Place("https", "a.example", 443, "/hooks/s3cr3t-token", "key=s3cr3t-token"),
            headers={"x-key": TOKEN},
            body=b"s3cr3t-token",
        ),
    ],
)
def test_no_repr_and_no_text_shows_it(value: object) -> None:
    shown = f"{value!r} {value!s} {value}"
    assert "s3cr3t" not in shown
    assert "bob-the-user" not in shown


def test_a_user_and_a_password_are_sent_as_rfc_7617_has_it() -> None:
    assert Basic("Aladdin", Secret("open sesame")).header().reveal() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def test_a_token_is_sent_without_the_line_end_of_its_file() -> None:
    assert Bearer(Secret("abc\n")).header().reveal() == "Bearer abc"


@pytest.mark.parametrize("credentials", [Bearer(TOKEN), Basic("bob", TOKEN)])
def test_what_a_source_sends_back_of_them_is_taken_out(credentials: Bearer | Basic) -> None:
    header = credentials.header().reveal()
    echoed = f"got {header}, that is {header.partition(' ')[2]}, of s3cr3t-token!"
    assert scrubbed(echoed, hidden_of(credentials)) == "got ***, that is ***, of ***!"


def test_what_is_too_short_to_be_a_secret_leaves_texts_as_they_are() -> None:
    assert scrubbed("a cat", [Secret("a"), Secret("")]) == "a cat"


@pytest.mark.parametrize(
    ("text", "sendable"), [("abc", True), ("a\r\nHost: b", False), ("ä", False), ("", True)]
)
def test_a_line_end_makes_no_header(text: str, sendable: bool) -> None:
    assert Secret(text).sendable is sendable
