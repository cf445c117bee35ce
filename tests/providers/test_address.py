"""Which addresses are connected to, whatever the name was that led to them."""

import ipaddress

import pytest

from crossfade.providers.address import address_refusal


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "fe80::1",
        "febf::1",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",  # noqa: S104 -- an address to be refused
        "::",
        "224.0.0.1",
        "ff02::1",
        "240.0.0.1",
        "255.255.255.255",
        "::ffff:169.254.169.254",
        "::ffff:0.0.0.0",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::169.254.169.254",
        "2001:0:a9fe:a9fe:0:0:0:0",
    ],
)
def test_these_are_never_asked_named_or_not(address: str) -> None:
    for named in (True, False):
        assert address_refusal(ipaddress.ip_address(address), named=named)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_for_who_writes_it_as_an_address(address: str) -> None:
    assert address_refusal(ipaddress.ip_address(address), named=True) == "a loopback address"
    assert address_refusal(ipaddress.ip_address(address), named=False) == ""


@pytest.mark.parametrize(
    "address",
    [
        "10.96.0.17",
        "192.168.1.1",
        "172.16.0.1",
        "93.184.216.34",
        "fd12:3456::1",
        "2606:2800::1",
        "64:ff9b::5db8:d822",
    ],
)
def test_services_and_the_world_may_be_asked(address: str) -> None:
    assert address_refusal(ipaddress.ip_address(address), named=True) == ""
