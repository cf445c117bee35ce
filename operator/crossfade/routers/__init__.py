"""Routers: pure functions from a route as it is, and what is wanted of it, to the changes that it needs.

What every kind of route shares: `rules.py` says what a route's rules are to be and what they say now, `problems.py` what keeps
one from being split, `memo.py` what its rules were before, `shares.py` counts weights, `refs.py` reads references.
`acceptance.py` says what a route's status proves, `abilities.py` what each controller can do, `groups.py` makes the route of our
own that sends groups of users to the candidate (its matches: `conditions.py`), `own.py` the route that a Rollout with `gateway`
owns. One file for each kind of route (`http_route.py`, `grpc_route.py` …) says what that kind can carry (`kinds.py`).

A new kind of route is a file here and a line in `registered.py`; a controller that was tried is an entry in `abilities.py`; what
must follow from a route is a file in `tests/routers/cases`. What does not belong here: Rollouts, pods, and when requests may move
(that is the core's).
"""
