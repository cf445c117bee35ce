"""For all tests: simulations make values that live for a moment, and looking for garbage among them takes long."""

import gc

gc.set_threshold(100_000, 50, 50)
