"""For all tests: simulations make values that live for a moment, and looking for garbage among them takes long.

Properties are about what is true, not about how fast a busy machine is.
"""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

import durations
import heartbeat

# Before anything imports them.
pytest.register_assert_rewrite(
    "kind.routers", "kind.acting", "kind.chart", "kind.converting", "kind.deleting"
)

gc.set_threshold(100_000, 50, 50)

settings.register_profile(
    "unhurried",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    derandomize=os.environ.get("CROSSFADE_FAULTS") != "all",
)
settings.register_profile("inner loop", settings.get_profile("unhurried"), max_examples=15)
settings.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    """Know how long each test takes, and how late the machine is.

    Without the deep tests properties and simulated passes are sampled too: the others try them whole.
    """
    durations.register(config)
    is_worker = hasattr(config, "workerinput")
    config.pluginmanager.register(
        heartbeat.Repeats(None if is_worker else heartbeat.Heartbeat()), "heartbeat"
    )
    if config.option.markexpr == "not deep":
        settings.load_profile("inner loop")
        os.environ["CROSSFADE_INNER_LOOP"] = "yes"
