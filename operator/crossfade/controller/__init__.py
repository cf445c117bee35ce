"""The operator's process: it watches, queues, and carries out what `core` decides.

Data flows one way. `handlers` (kopf) put what was seen into the `store` and a key into the `queue`; a worker of
`workers` takes the key and runs a pass of `reconcile`: `observe` turns the store into values, the core decides,
`look` answers what it asks (`gateways` who carries a route out, `checking` whether expressions can be used), `executor` has it written (`apply`) and told (`events`). `drops` remembers what must not be
missed between two passes, `failing` which Rollouts failed lately, `measuring` asks `sources` beside the passes, `known` and `refusals` what else is remembered, `relist` finds what the watches missed. `leader` lets one process of several work, `health`, `metrics`
and `delivery` tell how it does. `process` puts it all together, `__main__` reads the options.

Routes are somebody else's and carry no label: `naming` knows which Rollouts name one, `routes` shows a decision those that
matter to it, and `kinds` finds out which kinds of them there are, and when others come or go.

Templates are watched as routes are: `templates` knows which Rollouts name one, and `validity` tells in a template's status whether it
can be used.

`turnstile` lets a release begin where every policy that is about it has a slot, by the ledger in `slots`, which knows who is next and wakes
that one.

To watch another kind: one line in `store.WATCHED`, which says what Rollouts an object is news for, and one rule in `manifests/rbac.yaml`. What does not belong here: any
decision about a rollout (`core`), any URL (`cluster`). Only this package imports kopf, and of kopf's handlers it
uses `on.event` and `on.login` alone: the others patch every object or hold up its deletion.
"""
