"""`crossfade`, which is also `kubectl-crossfade`: one module for each command, and what they share.

`main` knows the commands; `connection` reaches the cluster and finds objects; `errors` says what is wrong and what to
do; `follow` gives an object's states as they come; `screen` draws on a terminal. A new command is a module with `add`
and a line in `main.COMMANDS`.

Nothing here imports pydantic, rich or the Kubernetes client before it is needed: `--help` answers within 250 ms. What
does not belong here: facts about a Rollout (`view`), decisions (`core`), requests (`cluster`).
"""
