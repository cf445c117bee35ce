"""Which addresses may be connected to, whatever the name was that led to them.

Never: link-local addresses, where clouds have the credentials of their machines, and the few other addresses that such services
have; addresses that mean this machine by another name; multicast and reserved ones. An address inside another (mapped, NAT64,
6to4, Teredo) counts as itself. Sources: RFC 3927, 4291, 6052, 3056, 4380; the clouds' own pages for the single ones.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

METADATA: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "fd00:ec2::/32",  # Amazon: metadata, and credentials of pods
            "fd20:ce::254/128",  # Google, where there is IPv6 alone
            "100.100.100.200/32",  # Alibaba
            "168.63.129.16/32",  # Azure
        ),
    )
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
_ONE: Final = 2


def address_refusal(address: Address, *, named: bool) -> str:
    """Say what kind of address it is that is not connected to; "" where it is. `named`: a name led to it.

    Loopback is for who writes it as an address: a name that leads there is most often meant to mislead.
    """
    return next((why for each in _meant(address) if (why := _refusal(each, named=named))), "")


def _refusal(address: Address, *, named: bool) -> str:
    if address.is_link_local:
        return "a link-local address"
    if any(address.version == net.version and address in net for net in METADATA):
        return "the address of a cloud's metadata service"
    if address.is_unspecified:
        return "the unspecified address"
    if address.is_multicast:
        return "a multicast address"
    if isinstance(address, ipaddress.IPv4Address) and address.is_reserved:
        return "a reserved address"
    return "a loopback address" if named and address.is_loopback else ""


def _meant(address: Address) -> Iterator[Address]:
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        inside = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))
        yield from (each for each in inside if each is not None)
        if address in _NAT64 or (address in _COMPATIBLE and int(address) >= _ONE):
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
