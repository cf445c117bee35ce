"""A URL is read in one way, and what could be read in another is refused."""

import pytest

from crossfade.providers.outcome import Refused
from crossfade.providers.place import Place, place_of


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://prometheus.monitoring:9090", Place("http", "prometheus.monitoring", 9090, "/", "")),
        ("HTTPS://Prom.Example.com./a/b?c=d%20e", Place("https", "prom.example.com", 443, "/a/b", "c=d%20e")),
        ("http://10.0.0.7:80/x", Place("http", "10.0.0.7", 80, "/x", "")),
        ("http://[2001:DB8::0:1]:9090/", Place("http", "2001:db8::1", 9090, "/", "")),
        ("http://my_service.ns/", Place("http", "my_service.ns", 80, "/", "")),
    ],
)
def test_what_is_read_is_in_one_form(url: str, place: Place) -> None:
    assert place_of(url) == place


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://a/", "neither http:// nor https://"),
        ("file:///etc/passwd", "neither http:// nor https://"),
        ("//a/", "neither http:// nor https://"),
        ("http://bob:pass@a/", "name a Secret"),
        ("http://bob@a/", "name a Secret"),
        ("http://a/#b", "has a # in it"),
        ("http://a/b/../c", "lead elsewhere"),
        ("http://a/b/%2e%2E/c", "lead elsewhere"),
        ("http://a/b%2fc", "lead elsewhere"),
        ("http://a/b\\c", "lead elsewhere"),
        ("http://a//b", "lead elsewhere"),
        ("http://a/b%zz", "lead elsewhere"),
        ("http://a b/", "no spaces"),
        ("http://a/\r\nHost: b", "no spaces"),
        ("http://ä.example/", "all of them ASCII"),
        (f"http://a/{'b' * 2048}", "at most 2048 characters"),
        ("http://a:99999/", "cannot be read"),
        ("http://a:b/", "cannot be read"),
        ("http://[::1/", "cannot be read"),
        ("http://[fe80::1%25eth0]/", "neither a name nor an address"),
        ("http:///x", "neither a name nor an address"),
        ("http://127.1/", "neither a name nor an address"),
        ("http://2130706433/", "neither a name nor an address"),
        ("http://0x7f000001/", "neither a name nor an address"),
        ("http://0x7f.0.0.0x1/", "neither a name nor an address"),
        ("http://0177.0.0.1/", "neither a name nor an address"),
        ("http://a,b/", "neither a name nor an address"),
        ("http://-a/", "neither a name nor an address"),
    ],
)
def test_what_could_mean_something_else_is_refused(url: str, says: str) -> None:
    refused = place_of(url)
    assert isinstance(refused, Refused)
    assert says in refused.why


@pytest.mark.parametrize(
    "url", ["http://u:hunter22@a/", "http://a:b/hunter22", "ftp://a/?key=hunter22", "http://a/..?k=hunter22"]
)
def test_no_refusal_shows_what_may_be_a_secret(url: str) -> None:
    refused = place_of(url)
    assert isinstance(refused, Refused)
    assert "hunter22" not in refused.why


def test_its_origin_leaves_out_path_and_query() -> None:
    assert Place("http", "2001:db8::1", 9090, "/token", "key=x").origin == "http://[2001:db8::1]:9090"
    assert Place("https", "a.example", 443).origin == "https://a.example"
