"""`python -m crossfade.controller`: the operator. Ends with 0 when told to stop, else with 1 and the reason.

Where there are other kinds to be watched it starts again in the same process: the kubelet would wait longer each time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from crossfade.cluster import ApiError
from crossfade.controller.logs import set_up
from crossfade.controller.options import Options, parse
from crossfade.controller.process import START_AGAIN, Lost, Unready, run

log = logging.getLogger("crossfade.controller")


async def _run_and_leave(options: Options) -> None:
    """End the process where the work ends: kopf's own way out waits up to 15 s for tasks that do not matter."""
    try:
        code = await run(options)
    except (ApiError, Lost, Unready) as error:
        log.error("%s", error)  # noqa: TRY400 -- a sentence that says it all; a stack trace would bury it
        code = 1
    except Exception:
        log.exception("the operator failed")
        code = 1
    logging.shutdown()
    if code == START_AGAIN:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 -- the command it was started by
    os._exit(code)


def main() -> None:
    """Run the operator by its command line, until it is told to stop or has to."""
    options = parse(sys.argv[1:])
    set_up(options.log_format, options.log_level)
    asyncio.run(_run_and_leave(options))


if __name__ == "__main__":
    main()
