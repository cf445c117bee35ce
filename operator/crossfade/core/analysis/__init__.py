"""Analysis: from measurements to what they decide. The shell measures what `windows.asks` names, and nothing else.

`runs` says which metrics are measured now, `windows` when and for which time, `taken` counts each answer once, `evidence` keeps
what the judge has seen, `decided` says what a metric has come to, `outcome` what follows for the release. Before one begins,
`templates` says what it lacks or has wrong, of the `texts` that users wrote; `validity` tells the same of a template by itself. A new
kind of metric is a member of `api.analysis.Metric` and a file in `controller/sources`, and what its author writes in `texts` (read by
`controller/checking`); where it answers in another way than the others, also an answer in `core/measured.py` and a line in `decided`.
"""
