"""Progress of long searches: what ``progress=True`` shows, and what ``progress=function`` is told.

Every search that has a ``time_limit`` has ``progress``. ``True`` shows how far it is: a bar on standard error in a
terminal, a line that is rewritten in a notebook, and plain lines elsewhere, as in the log of a cluster. A function is
called with a :class:`Progress` at least once per second, and once more at the end. It runs in the thread that called
the search, even if `workers` or an `executor` do the work. If it raises an exception, KeyboardInterrupt included, the
search ends as with Ctrl-C: what was found by then is returned.
"""

from .reporting import Progress, ProgressOption, Reporter, reports

__all__ = ["Progress", "ProgressOption", "Reporter", "reports"]
