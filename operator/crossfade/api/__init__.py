"""What users write and read: the three kinds, their documentation, their rules, and every name on the wire.

Each kind is a module of pydantic models; the string under a field is its documentation in the CustomResourceDefinition
and so in `kubectl explain`. `crd` turns the models into `crds/*.yaml`; a rule that needs more than one field is a
`base.Rule`, which holds its CEL form for the API server and its Python form for the command line side by side.

To add a field: write it in its model with its meaning, unit, default and an example, bound its size, and run
`python -m crossfade.api.crd`. To add a condition or a reason: one line in `conditions`; an event: one in `events`, with
what to do about it; then run `docs/conditions.py`. What does not belong here: any decision about a rollout (`core`),
anything that reads a clock or talks to a cluster. This package imports pydantic and PyYAML and nothing of Crossfade.
"""
