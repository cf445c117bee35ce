"""Days on which clocks do what people forget: each with its zone, and what happens."""

from __future__ import annotations

CHANGES = [
    ("Europe/Berlin", "2026-03-29", "02:00 → 03:00"),
    ("Europe/Berlin", "2026-10-25", "03:00 → 02:00"),
    ("America/New_York", "2026-03-08", "02:00 → 03:00"),
    ("America/New_York", "2026-11-01", "02:00 → 01:00"),
    ("Europe/Dublin", "2026-10-25", "winter is the one that is moved"),
    ("Australia/Sydney", "2026-04-05", "south of the equator it is autumn"),
    ("Australia/Sydney", "2026-10-04", "and spring"),
    ("Australia/Adelaide", "2026-04-05", "half an hour beside the others, changed by an hour"),
    ("Australia/Lord_Howe", "2026-04-05", "02:00 → 01:30"),
    ("Australia/Lord_Howe", "2026-10-04", "02:00 → 02:30"),
    ("Antarctica/Troll", "2026-03-29", "01:00 → 03:00"),
    ("Antarctica/Troll", "2026-10-25", "03:00 → 01:00"),
    ("Asia/Kathmandu", "2026-03-29", "a quarter of an hour beside the others, never changed"),
    ("America/Havana", "2026-03-08", "midnight is skipped"),
    ("America/Havana", "2026-11-01", "midnight comes twice"),
    ("Africa/Cairo", "2026-04-24", "midnight is skipped"),
    ("Africa/Cairo", "2026-10-30", "the last hour of the day before comes twice"),
    ("America/Santiago", "2026-04-05", "the last hour of the day before comes twice"),
    ("Africa/Casablanca", "2026-02-15", "back for Ramadan"),
    ("Africa/Casablanca", "2026-03-22", "and forward again"),
    ("Pacific/Apia", "2011-12-30", "the day is skipped"),
    ("America/Caracas", "2016-05-01", "the rule changed: 02:30 → 03:00, for good"),
    ("Asia/Pyongyang", "2018-05-05", "the rule changed: 23:30 → midnight, for good"),
    ("America/St_Johns", "2006-10-29", "at one minute past midnight"),
]
