"""`python3 -m load HOST[:PORT]`: what `load` says, from arguments."""

import argparse
import asyncio
import signal
import time
from collections.abc import Coroutine

from . import http1, http2, websockets
from .connections import Target, resolved
from .records import Recorder


def target_of(options: argparse.Namespace) -> Target:
    host, _, port = options.target.partition(":")
    headers = tuple(
        (name.strip(), value.strip()) for name, _, value in (each.partition(":") for each in options.header)
    )
    return Target(
        resolved(host, int(port or 80)), options.host or host, options.path, headers, options.timeout_s
    )


def work_of(
    options: argparse.Namespace, target: Target, recorder: Recorder
) -> list[Coroutine[None, None, None]]:
    """Everything that runs at once; each goes on for ever."""
    work: list[Coroutine[None, None, None]] = [recorder.flush_for_ever()]
    if options.rate:
        work.append(http1.new_connections(target, recorder, options.rate))
    if options.h2_rate:
        work.append(http2.requests(target, recorder, options.h2_rate, options.h2_connections))
    if options.users:
        work.append(http1.users(target, recorder, options.users, options.user_rate))
    work += [http1.kept_connection(target, recorder, options.kept_every_s) for _ in range(options.kept)]
    work += [websockets.web_socket(target, recorder) for _ in range(options.sockets)]
    return work


async def run(options: argparse.Namespace) -> None:
    target, recorder = target_of(options), Recorder()
    told = " ".join(
        f"{name}={getattr(options, name)}" for name in ("rate", "kept", "h2_rate", "users", "sockets")
    )
    recorder.note(
        f"begin {time.time():.3f} {target.address[0]}:{target.address[1]} host={target.host} {told}"
    )
    tasks = [asyncio.create_task(each) for each in work_of(options, target, recorder)]
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, tasks[0].cancel)
    await asyncio.wait(tasks, timeout=options.seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)  # requests under way end by themselves, by their timeout at the latest
    recorder.note(f"cpu {time.process_time():.2f}")
    recorder.note("end")
    recorder.flush()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="load", description="Steady load on one HTTP service, a record per request."
    )
    add = parser.add_argument
    add("target", help="HOST or HOST:PORT, resolved once at the start")
    add("--host", default="", help="the name that requests ask for (default: that of the target)")
    add("--path", default="/", help="the page that requests ask for (default /)")
    add(
        "--header",
        action="append",
        default=[],
        metavar="NAME:VALUE",
        help="in every request; may be repeated",
    )
    add("--rate", type=float, default=200, help="new connections a second (default 200)")
    add("--kept", type=int, default=4, help="kept-alive connections (default 4)")
    add("--kept-every-s", type=float, default=0.05, help="pause between requests on a kept connection")
    add("--h2-rate", type=float, default=0, help="HTTP/2 requests a second (default 0)")
    add("--h2-connections", type=int, default=2, help="over so many connections (default 2)")
    add("--users", type=int, default=0, help="users with a cookie jar each (default 0)")
    add("--user-rate", type=float, default=50, help="requests of all users together a second (default 50)")
    add("--sockets", type=int, default=0, help="WebSockets that are kept open (default 0)")
    add("--seconds", type=float, default=120, help="stops by itself after this time (default 120)")
    add("--timeout-s", type=float, default=3, help="an answer later than this is lost (default 3)")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
