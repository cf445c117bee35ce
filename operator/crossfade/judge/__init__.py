"""The judge: from counts of bad requests to a verdict with an error bound. Pure: values in, values out.

`counts` has what is measured, `settings` what is asked, `pairs` the formula that
compares two sides, `bets` the one for a side alone, `process` how they add up over windows. `claims` says
what is bet against and with which grid, `bounds` what a rate of the past may have been. `progress` folds windows, `limits` says
how much evidence decides, `needed` how many requests are still wanting, `pods` which pod is to blame. `verdict` is the way in:
`verdict` until an end that is known, `watch` where none is (the bake). `words` says it in a sentence, `trail` window by window.

Latency is judged as errors are: bad is what was slower than N ms, counted from a histogram's buckets.

A new rule is a claim in `claims` (a null hypothesis, its grid, and why no bet against it can win in the mean), a process of
`progress.Progress`, a limit in `limits`, a reason in `verdict.Reason` with its words, and a row of the study in `tests/judge` that shows
its errors. What does not belong here: queries, storage, what follows from a verdict, the hour, and any estimate that decides
without an error bound. It imports the standard library alone, and nothing of Crossfade but `api.base`.
"""
