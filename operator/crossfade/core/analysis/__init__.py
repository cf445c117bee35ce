"""Analysis: from measurements to what they decide. The shell measures what `windows.asks` names, and nothing else.

`runs` says which metrics are measured now, `windows` when and for which time, `taken` counts each answer once, `evidence` keeps
what the judge has seen, `decided` says what a metric has come to, `outcome` what follows for the release. A new kind of metric is
a member of `api.analysis.Metric` and a file in `controller/sources`; where it answers in another way than the others, also an
answer in `core/measured.py` and a line in `decided`.
"""
