"""Manifests are read as kubectl reads them."""

from __future__ import annotations

import pytest
import yaml

from crossfade.cli.documents import documents


@pytest.mark.parametrize(
    "text", ["2026-12-24", "2026-12-18T16:00:00+01:00", "2026-12-18T16:00:00Z", "2026-12-24/2026-12-26"]
)
def test_a_time_without_quotes_is_the_text_that_is_written(text: str) -> None:
    assert documents(f"start: {text}\ndates: [{text}]") == [{"start": text, "dates": [text]}]


def test_everything_else_is_what_it_was() -> None:
    text = "a: 1\nb: 1.5\nc: yes\nd: null\ne: [x, '1']\n---\nf: 0x10\n"
    assert documents(text) == list(yaml.safe_load_all(text))


def test_what_is_no_plain_value_is_refused() -> None:
    with pytest.raises(yaml.YAMLError):
        documents("a: !!python/object/apply:os.getcwd []")
