"""One rollout story per function: it plays on a real cluster and returns what was seen, unjudged.

Each takes a `Shop` (a namespace of its own) and returns a `Result`; the tests on the kind cluster
assert on it, and the bench prints it. A new story is a function here, a test, and a line in
`bench/__main__.py`. What does not belong here: assertions, and anything two stories need
(that is `shop.py`).
"""
