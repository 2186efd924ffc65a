"""What all tests share."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reliability import ROWS, Tally

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from plrnn_analysis import PLRNN
    from plrnn_analysis.results import Trajectory

# Files whose slow tests take minutes: begun last, they would leave other processes idle.
LONGEST = (
    "test_reproduce.py",
    "test_exactness.py",
    "test_processors.py",
    "test_hard_searches.py",
    "test_killed_runs.py",
)

NETWORKS = Path(__file__).resolve().parent.parent / "docs" / "networks"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of ``make stress``."""
    parser.addoption("--write-reliability", action="store_true", help="renew the table of docs/reliability.md")


def pytest_configure(config: pytest.Config) -> None:
    """Signals are what they are in a terminal: in the background some shells ignore Ctrl-C, and nohup SIGHUP."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # Of several processes, the one to which all tests are reported.
    if config.getoption("--write-reliability") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Tally())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what compares a picture, so that make images finds it; begin with what takes minutes."""
    items.sort(key=lambda item: item.path.name not in LONGEST)
    for item in items:
        if "looks" in getattr(item, "fixturenames", ()):
            item.add_marker("picture")


@pytest.fixture
def looks(request: pytest.FixtureRequest) -> Iterator[Callable[..., None]]:
    """Compare a figure with the picture of this test, and check its structure: ``looks(figure)``, see ``looks.py``.

    A test of several figures names each: ``looks(figure, "zoomed")``.
    """
    import matplotlib
    from looks import check_structure, compare

    folder = request.path.parent / "images" / request.path.stem
    test = re.sub(r"[^A-Za-z0-9_.=-]+", "-", request.node.name).strip("-")

    def check(figure: Figure, name: str = "") -> None:
        check_structure(figure)
        compare(figure, folder / f"{test}{'-' * bool(name)}{name}.png")

    # Whatever style a user has chosen, the pictures were drawn in matplotlib's own.
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield check


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Callable[[str, int], None]:
    """Count what a test tries: ``tried("checkpoints", 6000)``, where the key is a row of ``reliability.py``."""

    def count(row: str, number: int) -> None:
        assert row in ROWS, f"{row!r} is no row of reliability.py"
        request.node.user_properties.append(("tried", (row, number)))

    return count


@pytest.fixture(scope="session")
def flipflop() -> tuple[PLRNN, Trajectory]:
    """A trained flip-flop with 32 ReLUs, and its trials."""
    import plrnn_analysis

    model = plrnn_analysis.load(NETWORKS / "flipflop32.safetensors")
    return model, model.run(model.trials)


@pytest.fixture(scope="session")
def addition() -> tuple[PLRNN, Trajectory]:
    """A trained almost-linear RNN with two ReLUs, and its trials."""
    import plrnn_analysis

    model = plrnn_analysis.load(NETWORKS / "addition.safetensors")
    return model, model.run(model.trials)
