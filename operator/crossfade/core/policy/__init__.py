"""What RolloutPolicies make of one Rollout: what its spec breaks, and what they hold it for.

`rules/` has one file for each rule about what a spec says; a new one goes there, with a line in `rules.RULES`. One file here for each
rule about when something may happen (`windows.py`, `approvals.py`, `queue.py`, `quota.py` …), with a line in `holds.WHEN`. `matched.py`
is the value that the shell gives for each policy that is about the Rollout; `recorded.py` is what a Release keeps of them. Nothing here finds out which those are, and nothing here
ever holds the way back. `ungated.py` says which gates nobody opens before their time, `jobs.py` which Jobs are not run.

The calendar: `windows` says whether it is open or closed, since when and until when; `window_status` tells that in a policy's status, `closed_windows` to a decision,
`window_words` in words. `closures` says what closes, `active` when a window is active, `window_problems` what cannot be read; `schedule` reads
cron, `zones` the clocks of the world, `spans` adds and takes away times, `outlook` finds a moment among them. No clock: the caller gives `now`.
"""
