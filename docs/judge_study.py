# ruff: noqa: INP001 -- a script beside the page that it writes
"""Writes the tables in judge.md, from the study in tests/judge. It takes about a minute.

    PYTHONPATH=operator:tests python docs/judge_study.py

A test (marked deep) fails when the page says something else than the study. It is not called judge.py, since that would hide
the folder of that name.
"""

from pathlib import Path

from judge import study

PAGE = Path(__file__).parent / "judge.md"
BEGIN = "<!-- from tests/judge/study.py, by docs/judge_study.py -->"
END = "<!-- end -->"


def rewritten(page: str) -> str:
    """The page with each table as the study gives it now."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{study.page()}{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text()))
