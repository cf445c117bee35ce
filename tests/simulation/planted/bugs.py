"""All bugs that are planted."""

from simulation.planted import care, core, measured, policies, routes

BUGS = (*core.BUGS, *care.BUGS, *measured.BUGS, *policies.BUGS, *routes.BUGS)
