"""For all tests: simulations make values that live for a moment, and looking for garbage among them takes long.

Properties are about what is true, not about how fast a busy machine is.
"""

import gc

from hypothesis import HealthCheck, settings

gc.set_threshold(100_000, 50, 50)

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
