"""Queries that nobody has to write: bad and total of each side, by the metrics that a router has anyway. Pure text.

`wanted` says what can be asked of whom, `counting` how a counter becomes a count; one file for each router (`traefik`, `envoy_gateway`,
`istio`, `nginx`) and one for the app's own metrics (`app`); `registered` has them all. A new router is a file that gives `sides`, a
line there, and a golden file in `tests/providers/cases`.
"""
