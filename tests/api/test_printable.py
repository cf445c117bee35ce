"""What commands a terminal is written as its number; everything that people write stays as it is."""

import unicodedata

import pytest

from crossfade.api.base import MESSAGE_LENGTH
from crossfade.api.printable import all_printable, one_line, printable
from crossfade.api.status import RolloutStatus


def commands(code: int) -> bool:
    kind = unicodedata.category(chr(code))
    return kind in {"Cc", "Cs", "Zl", "Zp"} or (
        kind == "Cf" and code not in {0x200C, 0x200D, *range(0x2061, 0x2066), *range(0x206A, 0x2070)}
    )


def test_a_character_is_left_where_it_is_seen_and_replaced_where_it_commands() -> None:
    codes = [*range(0xA0), *range(0x2000, 0x2070), 0x61C, 0xFEFF, 0xD800, 0xE0041]
    in_line = [hex(code) for code in codes if (one_line(chr(code)) != chr(code)) != commands(code)]
    seen = [code for code in codes if chr(code) not in "\t\n"]
    in_text = [hex(code) for code in seen if (printable(chr(code)) != chr(code)) != commands(code)]
    again = [hex(code) for code in codes if one_line(one_line(chr(code))) != one_line(chr(code))]
    assert (in_line, in_text, again) == ([], [], [])


@pytest.mark.parametrize("text", ["Grüße, 世界", "👩‍💻 done", "a\tb\nc", "שלום", "a\\x1b"])
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == text


def test_a_line_stays_a_line() -> None:
    assert one_line("a\nW [ns/other] all is well\r") == "a\\nW [ns/other] all is well\\r"


def test_every_text_of_a_value_is_made_harmless() -> None:
    assert all_printable({"a\x1b": ["b\x00", 1, None]}) == {"a\\x1b": ["b\\x00", 1, None]}


def test_a_message_of_a_status_is_harmless_and_still_fits() -> None:
    status = RolloutStatus(message="\x1b" * MESSAGE_LENGTH)
    written = status.to_wire()["message"]
    assert written.startswith("\\x1b\\x1b")
    assert len(written) == MESSAGE_LENGTH
    assert RolloutStatus.model_validate(status.to_wire()) == status
    assert status.model_copy(update={"message": "\x9b2J"}).to_wire()["message"] == "\\x9b2J"
