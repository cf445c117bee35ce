"""Crossfade fades one revision of a workload out while it fades the next one in.

A user writes one object, a `Rollout`; the operator makes one Deployment for each revision of its pod template and
moves the requests from the stable one to the candidate by the strategy that the Rollout names. `api` says what users
write and read, `core` decides, `cluster` talks to the API server, `controller` runs the operator, `cli` is
`kubectl-crossfade`. Imports go down only: cli | controller > view | cluster | routers > core > api.
"""

__version__ = "0.1.0"
