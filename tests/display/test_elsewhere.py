"""Results in pandas, xarray and figures."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest
from every_result import choice, examples, result_types

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.plotting import plot_result
from plrnn_analysis.plotting.results import DRAWN
from plrnn_analysis.results import FixedPoints, Trajectory


def driven() -> Trajectory:
    return choice().run(np.random.default_rng(0).normal(size=(3, 4, 2)))


def test_a_trajectory_in_pandas() -> None:
    run = driven()
    frame = run.to_pandas(dt=0.5)
    names = ["trial", "step", "time", "bitcode", "unit 0", "unit 1", "left", "right", "choice"]
    assert frame.columns.tolist() == names and len(frame) == 12
    row = frame[(frame.trial == 2) & (frame.step == 3)].iloc[0]
    assert row.time == 2.0 and row["unit 1"] == run.states[2, 3, 1] and row.left == run.inputs[2, 3, 0]
    assert row.choice == run.outputs[2, 3, 0] and row.bitcode == "".join("01"[int(b)] for b in run.bitcodes[2, 3])
    plain = PLRNN.al_rnn([0.5], [[0.0]], [1.0], pwl_units=0).simulate(3).to_pandas()
    assert plain.bitcode.tolist() == ["-"] * 3 and plain.columns[-1] == "unit 0"


def test_names_that_are_taken_keep_their_channel() -> None:
    model = choice()
    model.metadata.update(input_names=["time", "right"], output_names=["right"])
    columns = model.run(np.ones((2, 2))).to_pandas().columns.tolist()
    assert columns[-3:] == ["input 0: time", "right", "output 0: right"]


def test_a_trajectory_in_xarray() -> None:
    run = driven()
    data = run.to_xarray(dt=0.5)
    assert dict(data.sizes) == {"trial": 3, "time": 4, "unit": 2, "input": 2, "output": 1} and data.attrs == {"dt": 0.5}
    assert data.time.values.tolist() == [0.5, 1.0, 1.5, 2.0]
    np.testing.assert_array_equal(data.states.transpose("trial", "time", "unit").values, run.states)
    assert float(data.inputs.sel(input="right", time=2.0, trial=1)) == run.inputs[1, 3, 1]
    assert float(data.outputs.sel(output="choice").isel(trial=0, time=0)) == run.outputs[0, 0, 0]
    assert data.bitcode.dims == ("trial", "time") and set(np.unique(data.bitcode)) <= {"00", "01", "10", "11"}
    free = PLRNN.al_rnn([0.5], [[0.0]], [1.0], pwl_units=0).simulate(3).to_xarray()
    assert set(free.data_vars) == {"states", "initial"} and (free.bitcode == "-").all()


def test_what_is_missing_or_wrong_is_named(monkeypatch) -> None:
    for step in (0, -1.0, "one"):
        with pytest.raises(ModelError, match="dt must be a number > 0"):
            driven().to_pandas(dt=step)
        with pytest.raises(ModelError, match="dt must be a number > 0"):
            driven().to_xarray(dt=step)
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        driven().to_pandas()
    with pytest.raises(ImportError, match="pip install xarray"):
        driven().to_xarray()


@pytest.mark.parametrize("kind", result_types(), ids=lambda kind: kind.__name__)
def test_results_draw_themselves_or_say_which_do(kind: type) -> None:
    result = examples()[kind][0]
    if not hasattr(result, "plot"):
        return
    if not set(kind.__mro__) & set(DRAWN):
        with pytest.raises(ModelError, match=f"no figure of {kind.__name__}; what can be drawn: BasinSlice"):
            result.plot()
    elif issubclass(kind, FixedPoints):
        with pytest.raises(ModelError, match=r"run must be a trajectory of the same model.*got PLRNN"):
            result.plot(run=choice())
        model = choice()
        alone, beside = model.fixed_points().plot(), model.fixed_points().plot(run=model.simulate(20, n=10))
        names = [[text.get_text() for text in ax.get_legend().get_texts()] for ax in (alone, beside)]
        assert names[1] == ["free runs", *names[0]] == ["free runs", "stable (2)", "saddle, 1 unstable direction (1)"]
        assert len(beside.get_lines()) == len(alone.get_lines()) + 11  # trials, and the saddle's direction
    else:
        drawn = None
        for item in examples()[kind]:
            try:
                drawn = item.plot()
                break
            except ModelError:  # such as modes of a model without a readout
                continue
        assert drawn is not None and type(plot_result(item)) is type(drawn)


def test_a_notebook_shows_figures_that_pyplot_does_not_know() -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    run = driven()
    shown = (choice().fixed_points().plot(run=run), run.plot(), run.plot(fixed_points=choice().fixed_points()))
    for drawn in shown:
        bundle, _ = formatters.DisplayFormatter().format(drawn)
        assert bundle["image/png"].startswith(b"\x89PNG")
    assert pickle.loads(pickle.dumps(shown[0])).get_title() == shown[0].get_title()
