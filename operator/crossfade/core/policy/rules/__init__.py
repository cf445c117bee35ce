"""The rules about what a spec says: one file for each, and one line in `RULES`.

Each is said twice, side by side: in Python for the operator and the command line, and in CEL for the admission policy that
`make crds` writes. Both say the same words, and a test compares them. What holds at a time, or for other Rollouts, is in the folder
above, and so is what admission and the operator make of these (`admission.py`, `content.py`).
"""

from typing import Final

from crossfade.core.policy.about import ContentRule
from crossfade.core.policy.rules import analysis, images, rollback, steps, strategies

RULES: Final = (
    ContentRule("strategies", strategies.problems, strategies.CEL),
    ContentRule("steps", steps.problems, steps.CEL),
    ContentRule("analysis", analysis.problems, analysis.CEL),
    ContentRule("rollback", rollback.problems, rollback.CEL),
    ContentRule("images", images.problems, images.CEL),
)
"""In this order: the CEL of a later one may use the variables of those before it."""
