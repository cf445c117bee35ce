"""The ledger of slots: which Rollouts have a release under way by policies with `concurrency`, and who is next.

- **A slot** is held by every release that is under way, whichever way it goes, as its status says: so slots outlast this process and
  pass to another leader. What no limit may hold (the way back, a bypass) takes one too, and may be one too many. (A status that a process
  was about to write as it lost its Lease may count twice for that moment: nothing here knows of other processes.)
- **A grant** is a slot for a pass whose status is not written yet. `place` gives it, of all policies at once or of none: with one of
  each, two Rollouts would wait for each other. Nothing is awaited in it, so of two workers only one gets the last slot. It ends with its
  pass (`end`): the release is under way, or the slot is free again.
- **The queue** goes by `spec.priority`, then by `status.waitingSince`, then by age and name. Whoever needs a slot of a limit that is full
  waits, and holds up nobody who needs none of that limit: with a full namespace the next of another namespace begins. It never takes a
  slot before it can have all, so those behind it may go first there; who needs the same limits as it, and others besides, may not.
- **Who waits for something else as well** (an approval, a window, a spec that is refused) keeps its place and is passed over: a slot that
  it did not use in its pass goes to the next one, until it asks again. What is paused or being deleted has no place at all.
- **A slot that comes free** is kept for the one that is next, and that one alone is woken.

`ledger` has all that others ask (`Slots`), `books` how it is kept, `members` what one Rollout has or wants, `facts` what its object says of
that, `limits` what policies limit, `lanes` who is next, `line` a queue with places. What does not belong here: which policies are about a
Rollout (that is told by `belong`), whether it is held (`core/policy/queue`), and any request.
"""

from crossfade.controller.slots.ledger import Slots

__all__ = ["Slots"]
