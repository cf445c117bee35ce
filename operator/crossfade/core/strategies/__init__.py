"""The strategies: one file each, and each nothing but a function from a spec to a list of stages.

A new strategy is a new file here with `stages(...) -> list[Stage]`, a member of `Strategy` in
`api/strategy.py`, and a line in `compile.py`. What does not belong here: anything that looks at the
cluster, the clock or the past of a Rollout (that is the stepper's), and anything a second strategy
would need too (that is `core/stages.py`).
"""
