"""What hard searches do with a time limit, memory and Ctrl-C.

``python tests/limits.py time 1 600`` gives each a second and 600 MB, ``python tests/limits.py ctrl-c 10`` interrupts
each at ten random moments.

Each search runs in a process of its own, forked from one that has loaded all compiled code. The clock of the searches
is the time of the processor, so that other programs change nothing. Prints a line of JSON for each search.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

# Before the package is imported, whose modules read it.
time.perf_counter = time.process_time  # type: ignore[assignment]

from hard_searches import SEARCHES, WITHOUT_LIMIT, warm_up  # noqa: E402

# Seconds of the processor, within which Ctrl-C is pressed at random.
MOMENTS = 0.15
# What a search gets that is interrupted: it never ends by that.
LONG = 30.0


def status(key: str) -> float:
    """A number of megabytes that Linux tells of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def forked(task: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a task returns in a process of its own, or how that died."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_CPU, (90, 90))
        with os.fdopen(writing, "w") as pipe:
            json.dump(task(), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, code = os.waitpid(child, 0)
    return json.loads(text) if text else {"error": f"died with status {code}"}


def outcome(search: Callable[[], Any]) -> dict[str, str]:
    """A result in words, or the error."""
    try:
        return {"result": repr(search())[:120]}
    except KeyboardInterrupt:
        return {"result": "KeyboardInterrupt"}
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def timed(name: str, limit: float, megabytes: int) -> dict[str, Any]:
    """Seconds and megabytes that a search takes with a time limit, of memory that is limited, too."""

    def task() -> dict[str, Any]:
        most = int((status("VmSize") + megabytes) * 1024**2)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        Path("/proc/self/clear_refs").write_text("5")
        before, start = status("VmRSS"), time.process_time()
        found = outcome(lambda: SEARCHES[name](limit))
        return {"seconds": time.process_time() - start, "megabytes": status("VmHWM") - before, **found}

    return forked(task)


def interrupted(name: str, search: Callable[[], Any], after: float) -> dict[str, Any]:
    """What comes of Ctrl-C after this number of seconds of the processor, and how soon."""
    pressed: list[float] = []

    def press(number: int, frame: Any) -> None:
        pressed.append(time.process_time())
        os.kill(os.getpid(), signal.SIGINT)

    def task() -> dict[str, Any]:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGPROF, press)
        found = outcome(lambda: (signal.setitimer(signal.ITIMER_PROF, after), search())[1])
        seconds = time.process_time() - pressed[0] if pressed else None
        return {"seconds": seconds, "threads": threading.active_count(), **found}

    return forked(task)


def interrupt_all(times: int) -> Iterator[dict[str, Any]]:
    """Each search interrupted this many times."""
    rng = np.random.default_rng(0)
    searches = {name: (lambda search=search: search(LONG)) for name, search in SEARCHES.items()}
    for name, search in {**searches, **WITHOUT_LIMIT}.items():
        for moment in rng.uniform(0.0, MOMENTS, times):
            yield {"search": name, "after": float(moment), **interrupted(name, search, float(moment))}


def main(arguments: Sequence[str]) -> None:
    """Print what was measured."""
    what, *rest = arguments
    warm_up()
    if what == "time":
        limit, megabytes, words = float(rest[0]), int(rest[1]), rest[2:]
        for name in SEARCHES:
            if all(word in name for word in words):
                print(json.dumps({"search": name, "limit": limit, **timed(name, limit, megabytes)}), flush=True)
    else:
        for one in interrupt_all(int(rest[0])):
            print(json.dumps(one), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
