"""Revisions that can never serve: users must not meet them."""

import time

from bench import analysis, manifests
from bench.kube import Kube
from bench.load_pod import Rates
from bench.scenarios.seen import Result
from bench.scenarios.shop import Shop

DEADLINE_S = 12
MISSED_S = 45
"""Time for a busy node to tell that it finds no image."""
LONG_S = 300
"""A deadline that is not to be the end of it: pods of a busy node are told of late."""
NO_SUCH_IMAGE = "crossfade-shop:no-such-version"
NO_IMAGE_NAME = "Crossfade Shop:v2"


def never_ready(kube: Kube, namespace: str, strategy: str) -> Result:
    """v2 runs and never becomes ready."""
    return bad(kube, namespace, strategy, "v2 never ready", NEVER_READY="1")


def image_missing(kube: Kube, namespace: str, strategy: str) -> Result:
    """v2's image does not exist: it could heal, so only the deadline ends it."""
    return bad(kube, namespace, strategy, "v2's image does not exist", MISSED_S, NO_SUCH_IMAGE)


def image_name_invalid(kube: Kube, namespace: str, strategy: str) -> Result:
    """v2's image has a name that no image can have: that cannot heal."""
    return bad(kube, namespace, strategy, "v2's image has an impossible name", LONG_S, NO_IMAGE_NAME)


def bad(
    kube: Kube,
    namespace: str,
    strategy: str,
    what: str,
    deadline_s: int = DEADLINE_S,
    image: str = manifests.IMAGE,
    **env: str,
) -> Result:
    """Figures: `v2_answers`, `rolled_back_s` since the change, `message`, `v2_pods` left at the end."""
    shop = Shop(
        kube, namespace, manifests.strategy(strategy), bakeSeconds=2, progressDeadlineSeconds=deadline_s
    )
    with shop:
        shop.created("v1", Rates(per_s=50))
        changed_at = shop.apply("v2", image=image, **env)
        shop.wait_phase("RolledBack")
        rolled_back_s = time.time() - changed_at
        shop.served_for(1)
        message = str(shop.status.get("message"))
        result = shop.result(f"{strategy}: {what}", changed_at, message=message, rolled_back_s=rolled_back_s)
        result.figures["v2_answers"] = len(analysis.answers(result.new, "v2"))
        return result
