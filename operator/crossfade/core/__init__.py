"""The core decides; it does nothing. No I/O, no clock, no logging: values in, a `Plan` out.

`decide.py` is the ladder, from most to least urgent. `stages.py` is the plan language, `strategies/` write
in it, `compile.py` chooses. `progress.py` moves a release along its plan, `layout.py` says which objects
that needs, `summary.py` what the status tells, `news.py` what its changes tell. `observed.py` and `plan.py` are the values in and out.
What does not belong here: anything that imports kopf, kubernetes, asyncio, time or os.
"""
