"""`crossfade`, which is also `kubectl-crossfade`: one module for each command, and what they share.

`main` knows the commands; `connection` reaches the cluster and finds objects; `errors` says what is wrong and what to
do; `follow` gives an object's states as they come; `screen` draws on a terminal; `reference` reads the name of a Rollout,
`output` writes what programs read, `policy_files` reads policies, `completion` answers a shell. A new command is a module with `add` and a line in
`main.COMMANDS`; what it prints for people it also gives to `-o json` and `-o yaml`.

Nothing here imports pydantic, rich or the Kubernetes client before it is needed: `--help` answers within 250 ms, and a call
imports nothing of others but yaml (a test has the list). What does not belong here: facts about a Rollout (`view`),
decisions (`core`), requests (`wire`, `cluster`).
"""
