"""Expressions that were written to hurt, each with what it must be told."""

from __future__ import annotations

_TEN = "[0,1,2,3,4,5,6,7,8,9]"
_TIMES_TEN = ".map(a,a+a+a+a+a+a+a+a+a+a)"
MEMORY = "the condition needs more memory than an expression may have: make it simpler"
TIME = "the condition takes longer than an expression may: make it simpler"
STEPS = "the condition goes over too many elements: make it simpler"
DEPTH = "the condition is nested too deeply, or too long: make it simpler"

CONDITIONS = {
    "a text made ten times longer nine times": (f"size(['ab']{_TIMES_TEN * 9}[0]) > 0", MEMORY),
    "lists within lists": (f"{_TEN}.map(a," * 8 + "'x'" + ")" * 8 + " == []", STEPS),
    "comprehensions within comprehensions": (f"{_TEN}.all(a," * 8 + "true" + ")" * 8, STEPS),
    "exists within all within exists": (f"{_TEN}.exists(a,{_TEN}.all(b," * 4 + "false" + "))" * 4, STEPS),
    "a long text looked through a thousand times": (
        f"['x']{_TIMES_TEN * 6}.all(s,{_TEN}.all(a,{_TEN}.all(b,{_TEN}.all(c,!s.matches('(x|xx)*y')))))",
        TIME,
    ),
    "parentheses": ("(" * 500 + "true" + ")" * 500, DEPTH),
    "brackets": ("[" * 500 + "]" * 500 + " == []", DEPTH),
    "a long sum": ("+".join(["result"] * 140) + " > 1.0", DEPTH),
    "a list made longer and longer": (
        f"size([{_TEN}]" + ".map(a,a+a+a+a+a+a+a+a+a+a)" * 12 + ") > 0",
        MEMORY,
    ),
}
"""By what it does: the expression, and the sentence."""

PATHS = {
    "everything below everything": "$" + "..*" * 12,
    "a regular expression that goes back and forth": "$..[?match(@, '(a|aa)+c')]",
    "a filter for each within a filter for each": "$..[?count($..*[?count($..*[?count($..*) > 1]) > 1]) > 1]",
}
