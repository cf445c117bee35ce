"""What Crossfade writes into a route, by its own code: a JSON Patch, for the tests of Argo CD and Flux."""

import json
import sys

from crossfade.routers.rules import as_before, before_of, changes, with_split
from crossfade.routers.split import Cookies, Names, Split

NAMES = Names("shop", "shop-canary")
COOKIES = Cookies("crossfade-shop", "2-stable", "2-candidate")


def main() -> None:
    asked = json.load(sys.stdin)
    route, permille = asked["route"], asked["permille"]
    before = asked["before"] or before_of(route, NAMES)
    if permille is None:
        rules = as_before(route, NAMES, before)
    else:
        rules = with_split(route, NAMES, before, Split(permille, mirror=10, cookies=COOKIES))
    json.dump({"patch": changes(route, rules), "before": before}, sys.stdout)


main()
