"""The page on reliability is made from what tests count."""

from __future__ import annotations

from pathlib import Path

import pytest
from reliability import BEGIN, END, PAGE, ROWS, Tally, keys_in_use, renewed

TESTS = Path(__file__).parent


def test_every_row_is_tried_and_the_page_has_no_others() -> None:
    assert keys_in_use(path for path in TESTS.rglob("test_*.py") if path != Path(__file__)) == set(ROWS)
    listed = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    rows = [line.split("|")[1].strip() for line in listed.splitlines() if line.startswith("| ")]
    assert len(rows) > 1 and set(rows[1:]) <= set(ROWS.values())


def test_a_table_of_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Before.\n{BEGIN}| old |\n{END}After.\n")
    monkeypatch.setattr("reliability.PAGE", page)
    tally = Tally()
    for node, outcome, number in (
        ("a.py::one", "passed", 1000),
        ("a.py::two", "failed", 500),
        ("b.py::one", "passed", 0),
    ):
        for when in ("setup", "call", "teardown"):
            properties = [("tried", ["attacks", number]), ("tried", ["arguments", 7])]
            tally.pytest_runtest_logreport(
                pytest.TestReport(node, ("", 0, ""), {}, outcome, None, when, user_properties=properties)
            )
    tally.pytest_sessionfinish()
    written = page.read_text()
    assert f'| {ROWS["attacks"]} | 1,500 | 1 test | `make stress PART="a.py b.py"` |\n' in written
    assert f"| {ROWS['arguments']} | 21 |" in written and "| old |" not in written
    assert "3 slow tests, 1 failed; Python 3." in written
    assert written.startswith("Before.\n") and written.endswith("After.\n")
    assert renewed(written, "x\n") == f"Before.\n{BEGIN}x\n{END}After.\n"


def test_an_unknown_row_is_refused(tried) -> None:
    with pytest.raises(AssertionError, match="no row"):
        tried("nothing of the kind", 1)
