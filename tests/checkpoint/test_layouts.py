"""Every layout that is read moves as it should; with something foreign beside it, it is refused or the note says so."""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plrnn_analysis as pa
from plrnn_analysis import CheckpointError
from plrnn_analysis.checkpoint.layouts import LAYOUTS

pytest.importorskip("torch")
pytest.importorskip("h5py")
from layout_cases import CASES, Case, M


def notes_of(model: pa.PLRNN) -> str:
    return "; ".join(model.metadata.get("notes", []))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_layout(tmp_path: Path, case: Case) -> None:
    rng = np.random.default_rng(3)
    arrays = case.arrays(rng)
    model = pa.load(case.write(tmp_path, arrays), **case.load)
    states = rng.normal(size=(50, M))
    inputs = rng.normal(size=(50, model.n_inputs)) if model.n_inputs else np.zeros((50, 2))
    moved = model.map.step(states, inputs) if model.n_inputs else model.map.step(states)
    assert np.allclose(moved, case.step(arrays, states, inputs), rtol=1e-12, atol=1e-12)
    notes = notes_of(model)
    assert re.search(case.note, notes) if case.note else "assumed" not in notes and "not used" not in notes


def test_the_manual_has_a_row_for_every_layout_and_only_for_those() -> None:
    page = Path(__file__).parents[2] / "docs" / "howto" / "checkpoints.md"
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {name: arrays for name, arrays in rows if name != "layout" and "`" not in name}
    assert set(documented) == {layout.name for layout in LAYOUTS}
    for layout in LAYOUTS:
        for tensor in layout.required:
            written = [name.replace("vars.", "vars/") for name in tensor.names]
            assert any(f"`{name}`" in documented[layout.name] for name in written), (layout.name, tensor.names)


def test_there_are_enough() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 25


names = st.sampled_from(
    "mask W_mask alpha α beta tau dt gain D E C B b h1 h2 A W W1 W2 thetas H S mu0 Sigma z0 noise_std losses epoch "
    "scale norm.weight norm.bias layernorm.weight gate.weight gate.bias W_gate lora.A weight_mask weight_hh_mask "
    "bias bias_hh b_hh weight_hr_l0 weight_hh_l1 kernel recurrent_kernel U V R skip.weight residual fc.weight "
    "encoder.weight decoder.bias out.bias running_mean kinks slopes offset init_state dale_ratio rec_connectivity "
    "parametrizations.W.original weight_orig extra pwl_units n_linear attention.kernel vars/3 seed step "
    "G Gamma Q_noise process_noise sigma log_sigma mean std W_std h_history time lr r0 x_init S_noise V inp".split()
) | st.text("abhWzαθ_1₂", min_size=1, max_size=6)
# Rows that use such matrices and leave them aside, or know them; names that are those of readouts.
KNOWS_MORE = {"PLRNN of 2017", "PsychRNN", "PsychRNN, raw, Dale's law"}
KNOWN = {"B", "W_out"}
shapes = st.sampled_from([(), (1,), (M,), (M, M), (M, 2), (2, M), (M, 1), (4,), (2, 2), (5, 5), (M, M, M)])


@cache
def plain_model(name: str) -> pa.PLRNN:
    case = next(case for case in CASES if case.name == name)
    with tempfile.TemporaryDirectory() as folder:
        return pa.load(case.write(Path(folder), case.arrays(np.random.default_rng(3))), **case.load)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(case=st.sampled_from(CASES), name=names, shape=shapes, seed=st.integers(0, 9))
def test_a_foreign_array_is_refused_or_named(case: Case, name: str, shape: tuple[int, ...], seed: int) -> None:
    rng = np.random.default_rng(3)
    arrays = case.arrays(rng)
    plain_names = case.suffix != ".mat" or (name.isascii() and name[0].isalpha())
    if (
        name in arrays
        or not plain_names
        or any(key.startswith(f"{name}/") or name.startswith(f"{key}/") for key in arrays)
    ):
        return
    foreign = np.array(np.random.default_rng(seed).normal(size=shape))
    with tempfile.TemporaryDirectory() as folder:
        model = loaded(case.write(Path(folder), {**arrays, name: foreign}), case)
    if model is None:
        return
    if name.rpartition("/")[2] in notes_of(model):
        # A matrix like W is refused by whatever name, but where it belongs to another part, or the row knows it.
        assert shape != (M, M) or "." in name or case.name in KNOWS_MORE or name in KNOWN, (case.name, name)
        return
    # Not named, so it must have been made part of the model, as an input matrix or a readout is; and the step of the
    # plain file must be what is left without it.
    plain = plain_model(case.name)
    states = np.random.default_rng(1).normal(size=(20, M))
    with pytest.raises(AssertionError):
        assert_same_weights(plain, model)
    assert np.array_equal(model.map.step(states), plain.map.step(states)) or name in (*model.parameters, "α", "bias_hh")


def loaded(path: Path, case: Case) -> pa.PLRNN | None:
    """The model, or None if the file is refused."""
    try:
        return pa.load(path, **case.load)
    except CheckpointError:
        return None


def assert_same_weights(left: pa.PLRNN, right: pa.PLRNN) -> None:
    for name in {*left.parameters, *right.parameters}:
        assert np.array_equal(left.parameters.get(name, np.nan), right.parameters.get(name, np.nan), equal_nan=True)
    for mine, other in ((left.B, right.B), (left.b, right.b)):
        assert (mine is None) == (other is None) and (mine is None or np.array_equal(mine, other))
