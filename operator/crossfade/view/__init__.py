"""What people read of a Rollout, made once and shown by everything that shows it.

`model` has the values, `read` makes them from stored objects (with `standing`: pods, and `circumstances`: people and times),
`advice` knows what to type next, `text` puts them into words (with `words`: pods and shares, and `story`: who and when).
`attempts` reads Releases, for `history`, `comparison`, `way_back` and `delivery`; `audit` reads them as auditors do (with
`audit_row`, `audit_reach`: what is missing, and `audit_words`); `convert` turns a Deployment into a
Rollout, and `handover` is the part of it that a waiting Rollout tells too. `listing` has all Rollouts in lines, `tree` the
parts of one, `sides` whose pods are meant; `plain` keeps escape sequences off the terminal. `forecast` (with `quantity`, `gates` and `warnings`) says what a manifest will do before it is applied. Of policies:
`policies` and `queue` show what the operator wrote down, `held` the rule that holds a Rollout, `frozen` what a freeze reaches;
`policy_answers` judges a manifest by the engine's own rules (with `known_policies`, `situations`, `slots`, `selected`; `policy_text` has
the words), and `policy_impact` a policy (`impact_text`). Values
in, values out: nothing here reads a clock, prints, or talks to a cluster. `read` and what it needs stay free of
pydantic, so that `crossfade --help` is quick; `forecast` needs the models.

To show one more fact: a field in `model`, its source in `read`, its words and its row in `text`. What does not belong here: colours
and tables (`cli`), decisions (`core`).
"""
