"""From what a decision asks to be measured to the source that is asked, and from what it answers to what the core knows.

`registered` has the table: a member of `api.analysis.Metric` to the function that measures it. `means` is what such a function
is given, `measuring` puts it together and runs as long as the operator does. What they share: `secrets` reads a key of a Secret,
`filled` fills placeholders in, `asked` makes an answer of a number by the metric's conditions. `by_label` adds counts up by zone and pod. `counted` has what is compared side by
side (`builtIn`, `compare`); every other file is one source.

A new source: a model in `api`, its field in `Metric` and in the list of its kind there, a file here with
`async def measure(means, ask, wanted) -> Answer`, and a line in `registered`. It takes a bounded time and raises nothing that is
expected: wrong as written is `Wrong`, no answer is `Down`, an answer without data is `Nothing`. What does not belong here: how a
source is spoken to (`providers`), when it is asked and what follows from it (`core`). No secret stands in what is answered.
"""

from crossfade.controller.sources.measuring import Sources, measuring_by

__all__ = ["Sources", "measuring_by"]
