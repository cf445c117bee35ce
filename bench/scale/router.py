"""What many routes cost the router: its figures are read through the API server, as the operator's are."""

from bench.kube import Kube, collection
from bench.routes import GATEWAY_NAMESPACE, ROUTERS
from bench.scale.readings import Reading, parsed

METRICS_PORT = 9100


class Watched:
    """The pod of the router; `readings` are its figures by what had been done before."""

    def __init__(self, kube: Kube) -> None:
        self.kube = kube
        found = kube.list("Pod", GATEWAY_NAMESPACE, f"gateway={ROUTERS[0]}")
        running = [each["metadata"]["name"] for each in found if each["status"].get("phase") == "Running"]
        if len(running) != 1:
            raise SystemExit(f"{len(running)} pods of {ROUTERS[0]} run in {GATEWAY_NAMESPACE}: run `make up`")
        self.pod = running[0]
        self.readings: dict[str, Reading] = {}

    def note(self, what: str) -> None:
        """Remember its figures as they are now."""
        path = f"{collection('Pod', GATEWAY_NAMESPACE)}/{self.pod}:{METRICS_PORT}/proxy/metrics"
        self.readings[what] = parsed(self.kube.text(path))
