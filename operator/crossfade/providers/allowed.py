"""Who may be asked: the operator's own list, so that a template cannot make it ask whom its author cannot reach.

An entry is a host, or the beginning of a URL: `prometheus.monitoring:9090`, `https://*.example.com`, `http://10.0.0.7:9090/api/`.
Without a scheme both are meant; without a port the scheme's own; a path means that path and all below it; `*.` in front means any
name that ends so. An empty list allows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from crossfade.providers.outcome import Refused
from crossfade.providers.place import Place, address_of, place_of

_ANY: Final = "*."


@dataclass(frozen=True)
class Entry:
    """One that is allowed. `suffix`: ends of names, with their dot; "" where the place's host is meant alone."""

    place: Place
    suffix: str = ""

    def allows(self, place: Place) -> bool:
        mine = self.place
        return (
            (mine.scheme, mine.port) == (place.scheme, place.port) and self._host(place) and self._path(place)
        )

    def _host(self, place: Place) -> bool:
        if self.suffix:
            return (
                place.address is None and place.host.endswith(self.suffix) and place.host != self.suffix[1:]
            )
        return place.host == self.place.host

    def _path(self, place: Place) -> bool:
        base = self.place.path.rstrip("/")
        return place.path == base or place.path.startswith(f"{base}/")


@dataclass(frozen=True)
class AllowList:
    """The entries, read."""

    entries: tuple[Entry, ...] = ()

    def refusal(self, place: Place) -> str:
        """Say why a place may not be asked; "" where it may."""
        if any(each.allows(place) for each in self.entries):
            return ""
        return (
            f"{place.origin} is not among the sources that the operator may ask: "
            f"whoever runs the operator can add {place.origin}/ to its list of sources"
        )


def allow_list(entries: Iterable[str]) -> AllowList:
    """Read the operator's setting. Raises ValueError with the entry and what is wrong with it."""
    return AllowList(tuple(read for entry in entries for read in _entries(entry.strip())))


def _entries(entry: str) -> tuple[Entry, ...]:
    schemes = ("",) if "://" in entry else ("http://", "https://")
    return tuple(_entry(entry, f"{scheme}{entry}") for scheme in schemes)


def _entry(entry: str, url: str) -> Entry:
    scheme, _, rest = url.partition("://")
    is_any = rest.startswith(_ANY)
    place = place_of(f"{scheme}://{rest.removeprefix(_ANY)}" if is_any else url)
    if isinstance(place, Refused):
        raise ValueError(f"the source {entry!r}: {place.why}")  # noqa: TRY004 -- a wrong value, of the right type
    if place.query:
        raise ValueError(f"the source {entry!r} has a ? in it: an entry ends with its path")
    if is_any and (address_of(place.host) is not None or "." not in place.host):
        raise ValueError(f"the source {entry!r} means too much: write *. before a name with a dot in it")
    return Entry(place, f".{place.host}" if is_any else "")
