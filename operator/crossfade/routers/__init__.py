"""Routers: pure functions from a route as it is, and what is wanted of it, to the changes that it needs.

One file for each kind of route (`http_route.py`, `grpc_route.py` …); what they share is in `rules.py`. `acceptance.py` says
what a route's status proves, `abilities.py` what each controller can do, `groups.py` makes the route of our own that sends
groups of users to the candidate, `own.py` the route that a Rollout with `gateway` owns. A new kind of route is a file here and
a line in `KINDS`. What does not belong here: Rollouts, pods, and when requests may move (that is the core's).
"""
