"""Measures what many Rollouts at once cost: requests, CPU, memory and waiting of the operator.

Pods are played by kwok on a node that does not exist, so that hundreds of them cost nothing.

readings     the operator's own metrics, their differences and their quantiles; pure
figures      what is measured against which target, as rows of a table; pure
fake_node    kwok, and the node that its pods are on
many         the Rollouts themselves: made, updated, awaited, removed
aborts       releases that are given up in the middle of a wave
leader       the operator's process that works: read, and restarted
router       what many routes cost the router
source       the Prometheus that is asked by analyses, by its own figures
held_figures what measuring many Rollouts costs, as rows of a table; pure
holding      many Rollouts in a step that is measured, and aborts of them
phases       what is done to the cluster, one measured stretch after the other
"""
