"""Sizes that the command line must know too, apart from the models, whose import costs 0.15 s."""

from typing import Final

ACTOR_LENGTH: Final = 253
"""Characters of a user name, at most."""
