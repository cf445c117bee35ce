"""`python -m crossfade.cli`."""

from crossfade.cli.main import run

run()
