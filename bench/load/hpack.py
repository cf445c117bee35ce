"""HTTP/2's headers (HPACK, RFC 7541), as far as a small client needs them.

Without a table that grows (its size is set to 0) the status is readable: it comes first in every answer, as an index of
the static table or as three digits.
"""

from .connections import Target

# The static table's entries for what is asked and answered, and the Huffman code's digits.
STATUS_AT = {8: "200", 9: "204", 10: "206", 11: "304", 12: "400", 13: "404", 14: "500"}
DIGITS = {f"{code:05b}": str(code) for code in range(3)} | {f"{22 + n:06b}": str(n) for n in range(3, 10)}
METHOD_GET, SCHEME_HTTP, PATH, AUTHORITY = 0x82, 0x86, 0x04, 0x01


def literal(index: int, name: str, value: str) -> bytes:
    """A header that is not to be remembered; `name` where the static table has no index for it."""
    parts = [value] if index else [name, value]
    return bytes([index]) + b"".join(length(len(part.encode())) + part.encode() for part in parts)


def length(count: int) -> bytes:
    """A string's length: seven bits, and the rest in groups of seven."""
    if count < 127:
        return bytes([count])
    rest, more = count - 127, [127]
    while rest >= 128:
        more.append(rest % 128 + 128)
        rest //= 128
    return bytes([*more, rest])


def request_headers(target: Target) -> bytes:
    named = b"".join(literal(0, name.lower(), value) for name, value in target.headers)
    pseudo = bytes([METHOD_GET, SCHEME_HTTP]) + literal(PATH, "", target.path)
    return pseudo + literal(AUTHORITY, "", target.host) + named


def status_of(block: bytes) -> str:
    """The status at the beginning of an answer's headers, whichever way it is written."""
    at = 0
    while block[at] & 0xE0 == 0x20:  # the table's size, told first
        at += 1
    if block[at] & 0x80:
        return STATUS_AT.get(block[at] & 0x7F, "unreachable")
    at += 1  # the index of the name: never more than 14, so one byte
    size, text = block[at] & 0x7F, block[at + 1 :]
    return unpacked(text[:size]) if block[at] & 0x80 else text[:size].decode()


def unpacked(packed: bytes) -> str:
    """Digits that were packed with the Huffman code."""
    text, code = "", ""
    for bit in "".join(f"{byte:08b}" for byte in packed):
        code += bit
        if code in DIGITS:
            text, code = text + DIGITS[code], ""
    return text
