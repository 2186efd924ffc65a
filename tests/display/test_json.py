"""Results survive the way through JSON bit for bit, and nothing else is let in."""

from __future__ import annotations

import enum
import json
import math
import struct
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin

import numpy as np
import pytest
from drawing import draw_model
from every_result import choice, examples, lozi, parts, result_types
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from systems import random_model

import plrnn_analysis as pa
from plrnn_analysis import RecordError
from plrnn_analysis._frozen import Frozen
from plrnn_analysis.analysis import Analysis
from plrnn_analysis.records.hints import alternatives, array_kind
from plrnn_analysis.results import Coverage, Cycles, FixedPoint, FixedPoints, Table, Trajectory
from plrnn_analysis.statuses import Engine, Stability


def same(a: Any, b: Any) -> bool:
    """Whether two values are of the same types and equal to the last bit."""
    if isinstance(a, np.ndarray):
        if type(b) is not np.ndarray or a.dtype != b.dtype or a.shape != b.shape:
            return False
        return all(map(same, a.ravel(), b.ravel())) if a.dtype == object else a.tobytes() == b.tobytes()
    if isinstance(a, Frozen):
        return type(a) is type(b) and same(a.record_values(), b.record_values())
    if isinstance(a, Table):
        return type(b) is Table and a.claim == b.claim and same(dict(a), dict(b))
    if isinstance(a, dict):
        return type(b) is dict and same(list(a), list(b)) and same(list(a.values()), list(b.values()))
    if isinstance(a, (tuple, list)):
        return isinstance(b, type(a)) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (bool, np.bool_)):
        return type(b) is bool and bool(a) == b
    if isinstance(a, (float, np.floating)):
        return isinstance(b, float) and struct.pack("d", a) == struct.pack("d", b)
    if isinstance(a, (complex, np.complexfloating)):
        return isinstance(b, complex) and same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, (int, np.integer)):
        return type(b) is int and int(a) == b
    # A word is the same as its text where the field is annotated as text.
    return ((isinstance(a, str) and isinstance(b, str)) or type(a) is type(b)) and bool(a == b)


@pytest.mark.parametrize("kind", result_types(), ids=lambda kind: kind.__name__)
def test_there_and_back(kind: type) -> None:
    for result in examples()[kind]:
        text = result.to_json()
        assert json.loads(text)["type"] == kind.__name__
        again = kind.from_json(text)
        assert type(again) is kind and same(result, again) and again.to_json() == text
        assert same(pa.from_json(result.to_json(indent=1)), result)


def test_words_come_back_as_members() -> None:
    point = choice().fixed_points()[0]
    assert pa.from_json(point.to_json()).stability is point.stability


def test_what_came_back_works_like_the_original(tmp_path) -> None:
    model = choice()
    again = pa.PLRNN.from_json(model.to_json(tmp_path / "model.json"))
    assert pa.from_json(str(tmp_path / "model.json")).metadata == model.metadata
    assert same(again.map, model.map) and [p.bitcode for p in again.fixed_points()] == ["01", "10", "11"]
    diagram = pa.PLRNN.al_rnn([2.0], [[-4.0]], [0.0], 1, C=[[1.0]]).input_diagram(0, (-1.0, 1.0))
    twin = pa.from_json(diagram.to_json())
    assert [len(twin.at([s])) for s in (-0.5, 0.5)] == [len(diagram.at([s])) for s in (-0.5, 0.5)] == [0, 2]
    run = lozi().simulate(20, z0=[0.1, 0.1])
    assert not pa.from_json(run.to_json()).states.flags.writeable
    assert same(run.map.step(run.states), pa.from_json(run.to_json()).map.step(run.states))


# Drawn values for every annotation that a result type has.

TEXT = st.text(max_size=8) | st.sampled_from(["NaN", "Infinity", "NaN:7ff8000000000001", "$int", "type", "0101", ""])
FLOATS = st.floats(width=64) | st.sampled_from([-0.0, 5e-324, math.inf, -math.inf, math.nan, 1e308])
INTS = st.integers(-(2**70), 2**70) | st.just(2**2000)
COMPLEX = st.builds(complex, FLOATS, FLOATS)
SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)


@st.composite
def arrays(draw, kind: np.dtype | None = None) -> np.ndarray:
    shape = draw(SHAPES)
    dtype = kind if kind is not None and draw(st.booleans()) else draw(
        st.sampled_from([np.float64, np.bool_, np.int64, np.uint8, np.float32, np.complex128, np.complex64, np.uint64])
    )  # fmt: skip
    bits = np.frombuffer(draw(st.binary(min_size=16 * 27, max_size=16 * 27)), dtype=np.uint8)
    n = math.prod(shape)
    if np.dtype(dtype) == bool:
        return (bits[:n] > 127).reshape(shape)
    found = bits.view(dtype)[:n].reshape(shape).copy()
    if found.dtype in (np.float32, np.complex64):
        # Arithmetic makes no signalling NaN, and those of single precision do not survive any conversion.
        with np.errstate(all="ignore"):
            return found.astype(np.result_type(dtype, np.float64)).astype(dtype)
    return found


ANYTHING = st.recursive(
    st.none() | st.booleans() | INTS | FLOATS | COMPLEX | TEXT | arrays(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXT | st.integers() | st.tuples(st.integers(), TEXT), inner, max_size=3)
    ),
    max_leaves=6,
)


def drawn(hint: Any, depth: int = 0) -> st.SearchStrategy:
    """Values that a field with this annotation may hold."""
    members = alternatives(hint)
    if len(members) > 1:
        return st.one_of([drawn(member, depth) for member in members])
    (member,) = members
    origin, arguments = get_origin(member), get_args(member)
    simple = {int: INTS, float: FLOATS, complex: COMPLEX, str: TEXT, bool: st.booleans(), type(None): st.none()}
    if member in simple:
        return simple[member]
    if member is Any:
        return ANYTHING
    if array_kind(member) is not None:
        return arrays(array_kind(member))
    if isinstance(member, type) and issubclass(member, enum.Enum):
        return st.sampled_from(list(member))
    if origin is tuple and arguments[1:] == (Ellipsis,):
        return st.lists(drawn(arguments[0], depth + 1), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*(drawn(argument, depth + 1) for argument in arguments))
    if origin is list:
        return st.lists(drawn(arguments[0], depth + 1), max_size=2)
    if origin is dict:
        return st.dictionaries(drawn(arguments[0], depth), drawn(arguments[1], depth + 1), max_size=2)
    kind = origin if isinstance(origin, type) else member
    if depth > 2 or not is_dataclass(kind) or kind not in DRAWABLE:
        return st.sampled_from(examples()[kind])
    return st.builds(lambda values: kind(**values), st.fixed_dictionaries(fields_of(kind, depth + 1)))


def fields_of(kind: type, depth: int) -> dict[str, st.SearchStrategy]:
    found = {name: drawn(hint, depth) for name, hint in kind.record_hints().items()}
    if kind is Coverage:
        found.update(subregions=st.integers(0, 900).map(lambda n: 2**n), decided=st.integers(0, 2**70))
    return found


#: Types that hold exact numbers: their fields cannot be drawn one by one, networks that have such results can.
EXACT = {"AffinePoint", "Sheet", "Piece", "InputDiagram", "ReducedModel"}


def _is_drawable(kind: type) -> bool:
    """Whether any values of its fields make an instance: it checks nothing, and holds no exact numbers."""
    own = vars(kind).get("__post_init__")
    return is_dataclass(kind) and own is None and kind.__name__ not in EXACT


QUICK = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
DRAWABLE = [kind for kind in result_types() if _is_drawable(kind)]


@pytest.mark.parametrize("kind", DRAWABLE, ids=lambda kind: kind.__name__)
def test_drawn_fields_there_and_back(kind: type) -> None:
    @settings(QUICK)
    @given(st.fixed_dictionaries(fields_of(kind, 0)))
    def there_and_back(values: dict[str, Any]) -> None:
        result = kind(**values)
        assert same(result, kind.from_json(result.to_json()))

    there_and_back()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(ANYTHING)
def test_anything_there_and_back(value: Any) -> None:
    table = Table({"anything": [value]})
    assert same(table, pa.from_json(table.to_json()))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_results_of_random_networks_there_and_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    found = model.fixed_points(time_limit=None)
    run = model.simulate(200, n=2)
    for result in (model, found, found.table(), run, model.cycles(2, time_limit=2.0), model.uniqueness()):
        assert same(result, pa.from_json(result.to_json()))


def test_exact_results_of_random_networks_there_and_back() -> None:
    seen: set[str] = set()
    for seed in range(25):
        rng = np.random.default_rng(seed)
        model, _ = draw_model(rng, largest=4, inputs=1 + seed % 2)
        if not isinstance(model, pa.PLRNN):
            continue
        varied = range(model.n_inputs)
        made = [
            model.input_diagram(tuple(varied), [(-1.0, 1.0)] * len(varied)),
            model.reduce((-np.ones(model.n_units), np.ones(model.n_units))),
            model.attractors(n=6, steps=200),
        ]
        for result in made:
            again = pa.from_json(result.to_json())
            assert same(result, again), seed
            seen |= {type(part).__name__ for part in parts(again)}
        s, diagram = 0.5 * np.ones(len(varied)), pa.from_json(made[0].to_json())
        assert same(diagram.at(s)[:], made[0].at(s)[:]) and same(diagram.count(s), made[0].count(s))
    assert seen >= EXACT | {"Attractors", "Attractor"}


def record(**changes: Any) -> str:
    """The record of a result, with changes."""
    return json.dumps({**json.loads(choice().fixed_points().to_json()), **changes})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "the text is no JSON"),
        ("[1]", "no record of a result.*it holds list"),
        ('{"format": "other"}', "it holds 'format'"),
        (record(schema=7), "schema 7, written by plrnn_analysis 0.1.0.*reads schema 1"),
        (record(schema=True), "schema True"),
        (record(type="Pickle"), "'Pickle' is no result type"),
        (record(type="os.system"), "'os.system' is no result type"),
        (record(type=3), "got 3"),
        (record(foo=1), "FixedPoints of this version has no 'foo'"),
        (record(complete="yes"), "complete of FixedPoints cannot be 'yes'"),
        (record(fixed_points=[{"type": "Cycle"}]), "fixed_points of FixedPoints is no Cycle without period"),
        (record(fixed_points=[3]), "cannot be 3"),
        (record(coverage={"type": "Table", "claim": "", "columns": {}}), "coverage of FixedPoints cannot be a Table"),
        ("[" * 100_000, "is no JSON"),
        ('{"plrnn_analysis": "0.1.0", "schema": 1, "type": "Estimate", "value": NaN}', "NaN is not JSON"),
    ],
)
def test_what_is_no_record_is_refused(text: str, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        pa.from_json(text)


def with_point(**changes: Any) -> str:
    data = json.loads(choice().fixed_points()[0].to_json())
    return json.dumps({**data, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"z": [[1.0], [2.0, 3.0]]}, "z of FixedPoint must be an array"),
        ({"z": ["one"]}, "no number: 'one'"),
        ({"z": {"dtype": "object", "shape": [1], "data": [1]}}, "z of FixedPoint must be an array"),
        ({"z": {"dtype": "float64", "shape": [3], "data": [1.0]}}, r"says that its shape is \(3,\)"),
        ({"z": {"dtype": "float64", "shape": [10**9, 10**9], "data": []}}, "must be an array"),
        ({"z": {"dtype": "rational", "shape": [1], "data": ["1/0"]}}, "must be an array"),
        ({"eigenvalues": [1.0, 2.0, 3.0]}, "complex numbers are pairs"),
        ({"stability": "sable"}, "stability of FixedPoint cannot be 'sable'"),
        ({"residual": "NaN:0000000000000000"}, "cannot be"),
        ({"residual": None}, "residual of FixedPoint cannot be None"),
        ({"on_boundary": 1}, "on_boundary of FixedPoint cannot be 1"),
        ({"bitcode": {"$call": "x"}}, r"holds '\$call'"),
    ],
)
def test_fields_that_are_wrong_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(RecordError, match=said):
        pa.from_json(with_point(**changes))


def test_files(tmp_path) -> None:
    found = choice().fixed_points()
    path = tmp_path / "found.json"
    path.write_text("older")
    assert found.to_json(path) == path.read_text().rstrip("\n") and len(list(tmp_path.iterdir())) == 1
    assert same(FixedPoints.from_json(path), found)
    with pytest.raises(RecordError, match=r"holds FixedPoints, not Cycles: plrnn_analysis\.from_json"):
        Cycles.from_json(path)
    with pytest.raises(RecordError, match=r"neither JSON nor a file that can be read \(No such file"):
        pa.from_json(tmp_path / "none.json")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RecordError, match="not text in UTF-8"):
        pa.from_json(path)
    with pytest.raises(RecordError, match="takes a text or the name of a file, got int"):
        pa.from_json(3)
    with pytest.raises(FileNotFoundError):
        found.to_json(tmp_path / "none" / "x.json")


def test_what_cannot_be_written_is_named() -> None:
    model = choice()
    model.metadata["file"] = object()
    with pytest.raises(RecordError, match="an object cannot be written as JSON"):
        model.to_json()
    with pytest.raises(RecordError, match="an array of"):
        Table({"t": [np.zeros(1, dtype="datetime64[s]")]}).to_json()


def test_a_record_reads_well_elsewhere() -> None:
    data = json.loads(choice().fixed_points().to_json())
    assert (data["plrnn_analysis"], data["schema"], data["type"], data["complete"]) == ("0.1.0", 1, "FixedPoints", True)
    point = data["fixed_points"][2]
    assert point["stability"] == "saddle" and len(point["z"]) == 2
    assert point["eigenvalues"] == [[1.7, 0.0], [-0.30000000000000004, 0.0]]
    assert data["coverage"]["subregions_log2"] == 2 and data["coverage"]["decided_fraction"] == 1.0
    many = Coverage(2**5000, 2**5000 - 1, Engine.LINEAR_PROGRAMS)
    assert Coverage.from_json(many.to_json()) == many and "'" not in many.to_json()


def test_types_that_are_defined_later_do_not_change_what_files_mean() -> None:
    FixedPoint.from_json(with_point())

    @dataclass(frozen=True, eq=False)
    class FixedPoint2(Frozen):
        x: float

    other = type("FixedPoint", (FixedPoint2,), {})
    assert type(pa.from_json(with_point())) is FixedPoint and other is not FixedPoint
    assert pa.from_json(FixedPoint2(0.5).to_json()).x == 0.5


def test_no_name_is_taken_twice() -> None:
    names = [kind.__name__ for kind in result_types()]
    assert sorted(names) == sorted(set(names))
    keys = {kind: [kind.record_key(name) for name in kind.record_hints()] for kind in result_types()}
    for kind, found in keys.items():
        reserved = {"type", "schema", "plrnn_analysis", *kind.also_written}
        assert len(set(found)) == len(found) and not reserved & set(found), kind


def test_the_command_line_writes_the_same_record(tmp_path) -> None:
    from typer.testing import CliRunner

    from plrnn_analysis.cli import app

    model = choice()
    pa.save(model, tmp_path / "choice.npz")
    arguments = ["analyze", str(tmp_path / "choice.npz"), "--max-period", "2", "--steps", "200"]
    assert CliRunner().invoke(app, [*arguments, "--json", str(tmp_path / "all.json")]).exit_code == 0
    found = pa.from_json(tmp_path / "all.json")
    assert isinstance(found, Analysis) and isinstance(found, FixedPoints) and len(found) == 3
    data, own = json.loads((tmp_path / "all.json").read_text()), json.loads(model.fixed_points().to_json())
    for part in (data, own):
        part["coverage"].pop("seconds")
    assert own.keys() <= data.keys() and all(data[key] == own[key] for key in own.keys() - {"type"})
    assert isinstance(found.cycles, Cycles) and found.cycles.complete_up_to == 2
    assert found.story[0].title == "Where free runs end"
    assert found.cycles.to_json() == json.dumps(
        {"plrnn_analysis": "0.1.0", "schema": 1, **data["cycles"]}, ensure_ascii=False
    )
    assert isinstance(FixedPoints.from_json(tmp_path / "all.json"), Analysis)


def test_drawing_covers_nearly_all_types() -> None:
    assert len(DRAWABLE) > 65 and {FixedPoint, Trajectory} <= set(DRAWABLE)
    assert all(isinstance(f.name, str) for kind in DRAWABLE for f in fields(kind))
    assert get_origin(FixedPoint.record_hints()["eigenvalues"]) is Annotated
    assert Stability.SADDLE == "saddle"


def test_messages_about_records_are_short_and_cannot_act_on_a_terminal() -> None:
    text = pa.PLRNN.al_rnn([0.5], [[0.0]], [1.0], pwl_units=1).fixed_points().to_json()
    for wrong in ("\x1b]0;title\x07" * 10_000, "9" * 100_000):
        record = json.loads(text)
        record["fixed_points"][0]["z"] = [wrong]
        with pytest.raises(RecordError) as caught:
            pa.from_json(json.dumps(record))
        assert len(str(caught.value)) < 5000 and str(caught.value).isprintable()
