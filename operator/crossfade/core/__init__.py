"""The core decides; it does nothing. No I/O, no clock, no logging: values in, a `Plan` out.

`decide.py` is the way in. `ladder.py` takes the transition that is due (`transitions.py`), `goals.py` says where that leads, and
`rollback.py` how it leads back, `stepper.py` takes the next safe step there, `layout.py` and `traffic/` say which writes that needs, `summary.py` what the status
tells, `status_events.py` what its changes tell. `stages.py` is the plan language, `strategies/` write in it, `compile.py` chooses; `gates/`
and `holds.py` say what keeps a stage from passing, `starts.py` what keeps a release from beginning,
`others.py` who else failed. `observed.py` and `plan.py` are the values in and out, `measured.py` and `check.py` those of analysis.
What does not belong here: anything that imports kopf, kubernetes, asyncio, time or os.
"""
