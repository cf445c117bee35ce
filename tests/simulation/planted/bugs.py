"""All bugs that are planted."""

from simulation.planted import core, measured, policies, routes

BUGS = (*core.BUGS, *measured.BUGS, *policies.BUGS, *routes.BUGS)
