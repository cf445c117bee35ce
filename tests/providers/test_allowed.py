"""The operator's list of sources allows what it says and no more."""

import pytest

from crossfade.providers.allowed import allow_list
from crossfade.providers.outcome import Refused
from crossfade.providers.place import Place, place_of


def place(url: str) -> Place:
    found = place_of(url)
    assert not isinstance(found, Refused)
    return found


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("prometheus.monitoring:9090", "http://prometheus.monitoring:9090/api/v1/query"),
        ("prometheus.monitoring:9090", "https://prometheus.monitoring:9090/"),
        ("a.example", "http://a.example/"),
        ("a.example", "https://A.example./x"),
        ("https://a.example", "https://a.example:443/x?y=z"),
        ("http://a.example/api", "http://a.example/api"),
        ("http://a.example/api/", "http://a.example/api/v1"),
        ("https://*.example.com", "https://b.a.example.com/"),
        ("*.example.com:8080", "http://a.example.com:8080/"),
        ("127.0.0.1:9090", "http://127.0.0.1:9090/"),
        ("[::1]:9090", "http://[0:0:0:0:0:0:0:1]:9090/"),
    ],
)
def test_what_an_entry_means_is_allowed(entry: str, url: str) -> None:
    assert allow_list([entry]).refusal(place(url)) == ""


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("prometheus.monitoring:9090", "http://prometheus.monitoring/"),
        ("prometheus.monitoring:9090", "http://prometheus.monitoring.evil.example:9090/"),
        ("a.example", "http://b.a.example/"),
        ("a.example", "http://a.example:8080/"),
        ("https://a.example", "http://a.example/"),
        ("https://a.example", "https://a.example:8443/"),
        ("http://a.example/api", "http://a.example/apis"),
        ("http://a.example/api", "http://a.example/"),
        ("https://*.example.com", "https://example.com/"),
        ("https://*.example.com", "https://evilexample.com/"),
        ("127.0.0.1:9090", "http://localhost:9090/"),
    ],
)
def test_what_is_beside_it_is_not(entry: str, url: str) -> None:
    asked = place(url)
    assert allow_list([entry]).refusal(asked) == (
        f"{asked.origin} is not among the sources that the operator may ask: "
        f"whoever runs the operator can add {asked.origin}/ to its list of sources"
    )


def test_an_empty_list_allows_nothing() -> None:
    assert allow_list([]).refusal(place("http://a.example/"))


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("https://*", "neither a name nor an address"),
        ("*.com", "means too much"),
        ("*.10.0.0.1", "means too much"),
        ("https://a.*.example", "neither a name nor an address"),
        ("http://u:p@a.example", "name a Secret"),
        ("http://a.example/?x", "ends with its path"),
        ("", "neither a name nor an address"),
    ],
)
def test_an_entry_that_means_nothing_or_too_much_is_no_entry(entry: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        allow_list([entry])
