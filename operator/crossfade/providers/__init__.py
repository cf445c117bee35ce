"""Providers: where measurements come from, and what a template's author may make the operator ask and evaluate.

`outcome` has what a measurement can come to; every source answers in it. `fetch` is the one way out (with `place`, `allowed`, `address`,
`resolve`, `body`, `failures`, `secret`, `said`): what it forbids no template can allow. `placeholders` finds `{{name}}` in a text, `quoted` fills those in that stand within quotes. The sources:
`prometheus` (with `promql`, `prometheus_answer`), `web` (JSONPath), `datadog`, `new_relic`, `influxdb`, `cloudwatch` (with
`cloudwatch_query`, `cloudwatch_answer`, `cloudwatch_failure`; `sigv4` signs what it asks), and `webhook`, which is a gate and signs what it sends
(`signature`). `builtin/` writes queries for routers, as pure text. `expressions/` evaluates what users write (CEL, JSONPath) in a process
of its own.

A new source is a file here that asks through `fetch` and answers with an `Outcome`, a stand-in server in `tests/providers`, and a part of
`docs/sources.md`; a router whose metrics are known is a file in `builtin/` and a line in its `registered.py`. Sources know nothing of each
other. What does not belong here: when to ask, how often, and what follows from it (`core`); where credentials are kept: they come in as
values. Imports at most `api`.
"""
