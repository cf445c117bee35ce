"""Expressions of users, evaluated in a process of its own: whatever one does, the operator goes on.

`conditions` asks whether a condition (CEL) holds, `paths` what a JSONPath finds in an answer; both go through `process`, which starts the
other process, limits its time, and starts it anew. On the other side `worker` sets the limits of memory and processor time and answers, by
`cel` and `jsonpath`. Between them go length-prefixed frames (`frames`) of JSON, and nothing that could be code.

This stands among the providers, since `web` evaluates paths and a condition is asked of an `Outcome`; a layer of its own could have
neither below it. What does not belong here: what follows from a condition. The operator's process never imports `worker`, `cel`,
`jsonpath` or what they need.
"""
