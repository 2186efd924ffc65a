"""The table of layouts: by which names and shapes a network is known, and how it is built from them.

To read another layout, add a row to :data:`LAYOUTS`, and its line to ``docs/howto/checkpoints.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import building
from .building import Built, Parts

__all__ = ["HARMLESS", "LAYOUTS", "Beside", "Layout", "Tensor"]


@dataclass(frozen=True)
class Tensor:
    """One array of a layout.

    Attributes
    ----------
    role : str
        What it is for the function that builds the network.
    names : tuple of str
        Its names, in the form of :func:`plrnn_analysis.checkpoint.naming.plain_name`.
    shapes : tuple of str
        Shapes it may have, in symbols: M units, K inputs, N outputs, H hidden units, B bases.
    optional : bool
    turned : bool
        Whether it is stored as its transpose; `shapes` are those stored.
    """

    role: str
    names: tuple[str, ...]
    shapes: tuple[str, ...]
    optional: bool = False
    turned: bool = False


@dataclass(frozen=True)
class Beside:
    """Arrays that may stand in a network's module and change nothing; a note lists them.

    Attributes
    ----------
    names : str
        Pattern.
    shapes : str
        Shapes with which that is known, in symbols as for :class:`Tensor`, separated by ``|``. An array of the name and
        another shape is none of these.
    counts : bool
        Whether it holds whole numbers: a ``step`` of 0.1 is no record of training.
    """

    names: str
    shapes: str
    counts: bool = False


@dataclass(frozen=True)
class Layout:
    """One row: a way in which networks are written.

    Attributes
    ----------
    name : str
        For messages and the manual.
    tensors : tuple of Tensor
        The first is required and square or speaks of all units; sizes are taken in this order.
    build : callable
        From the arrays to the parameters of an architecture.
    architectures : tuple of str
        What the row can be read as. The first is taken where `architecture` is not given, unless that is None: the
        names do not say it.
    beside : tuple of Beside
        What this row knows that changes nothing, besides what may stand beside any network.
    within : str
        Pattern that must be found in the module's name, for names too common to decide.
    """

    name: str
    tensors: tuple[Tensor, ...]
    build: Callable[[Parts], Built]
    architectures: tuple[str | None, ...]
    beside: tuple[Beside, ...] = ()
    within: str = ""

    @property
    def harmless(self) -> tuple[Beside, ...]:
        """Arrays beside it that change nothing."""
        return (*self.beside, *_BESIDE)

    @property
    def required(self) -> tuple[Tensor, ...]:
        """The tensors without which it is not this layout."""
        return tuple(tensor for tensor in self.tensors if not tensor.optional)


def _t(names: str, shapes: str, role: str = "", turned: bool = False) -> Tensor:
    known = tuple(names.split())
    return Tensor(role or known[0], known, tuple(shape.strip() for shape in shapes.split("|")), turned=turned)


def _maybe(names: str, shapes: str, role: str = "", turned: bool = False) -> Tensor:
    tensor = _t(names, shapes, role, turned)
    return Tensor(tensor.role, tensor.names, tensor.shapes, True, turned)


# What may stand beside any network: where it started, noise by that word, records of training, numbers of units.
_BESIDE = (
    Beside(r"(mu|z|x|h|r|s)_?0|init(ial)?_?(state|hidden|h|z|x|r)|(state|hidden|h|z|x)_?init(ial)?", "M | J 1 M"),
    Beside(r"(.+_)?noise(_.+)?", " | M"),
    Beside(r"(.+_)?loss(es)?|(.+_)?history", " | J"),
    Beside(r"epochs?|(global_?)?steps?|n_?(iter|epochs|steps)|seed", " | J", counts=True),
    Beside(r"lr|learning_rate|time(stamp)?", ""),
    Beside("pwl_units|relu_units|n_linear", " | J"),
)

#: Names that say noise, standardisation or a record: of shapes that nothing in the step has, these change nothing.
HARMLESS = (
    r"S|G|Sigma|Gamma|Q_?noise|(.+_)?noise(_.+)?|(log_?)?sigma.*|.*_std|(std|mean)_?(dev)?|.*loss(es)?|.*_?history"
)

_READOUT = (_maybe("B", "N M"), _maybe("b", "N"))
_PLRNN = (_maybe("C", "M K"), *_READOUT)
_SHALLOW = ("shallow", "clipped_shallow")
_LEAK = (_maybe("alpha α leak", " | M", "alpha"), _maybe("tau τ", " | M", "tau"), _maybe("dt", "", "dt"))
_PHI = (_maybe("kinks", "J"), _maybe("slopes", "L"), _maybe("offset", ""))
_LEAKY = ("leaky_rnn", "leaky_rnn_current", "leaky_rnn_outer")
_RECURRENT = ("relu_rnn", *_LEAKY)
# The names that people give to the two linear layers of a recurrent cell.
_HIDDEN = (
    "h2h hh hidden2hidden hidden_to_hidden lin_hh linear_hh fc_hh W_hh W_rec w_hh w_rec rec recurrent hidden_layer"
)
_INPUT = (
    "input2h i2h ih in2h x2h input2hidden input_to_hidden lin_ih linear_ih fc_ih W_ih W_in w_ih w_in inp input_layer"
)


def _each(heads: str, leaf: str) -> str:
    return " ".join(f"{head}.{leaf}" for head in heads.split())


LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "PLRNN of 2017 with thresholds",
        (
            _t("W", "M M"), _t("A", "M | M M"), _t("h", "M"),
            _t("mu0", "M | M J"), _t("S", "M M | M"), _maybe("C", "M K"),
        ),
        building.thresholds_2017,
        ("dendritic", "al_rnn"),
        beside=(
            Beside("G", "N N | N"), Beside("B", "N M | N J"), Beside("LL", " | J"),
            Beside("Ezi?|x|inp", "J T | J T I"), Beside("V", "J J | J J T"),
        ),
    ),
    Layout(
        "AL-RNN, PLRNN",
        (_t("W", "M M"), _t("A", "M | M M"), _t("h", "M"), *_PLRNN),
        building.as_named,
        ("al_rnn",),
    ),
    Layout(
        "dendritic PLRNN",
        (
            _t("W", "M M"), _t("A", "M | M M"), _t("h", "M"),
            _t("alphas α alpha", "B"), _t("thetas H θ theta", "M B | M", "thetas"), *_PLRNN,
        ),
        building.dendritic,
        ("dendritic",),
    ),
    Layout(
        "PLRNN with A and W in one matrix",
        (_t("AW", "M M"), _t("h", "M"), *_PLRNN),
        building.one_matrix,
        ("al_rnn",),
    ),
    Layout(
        "dendritic PLRNN with A and W in one matrix",
        (_t("AW", "M M"), _t("h", "M"), _t("alphas α alpha", "B"), _t("thetas θ theta", "M B | M", "thetas"), *_PLRNN),
        building.one_matrix_dendritic,
        ("dendritic",),
    ),
    Layout(
        "shallow and clipped shallow PLRNN",
        (
            _t("W1", "M H"), _t("W2", "H M"), _t("A", "M | M M"), _t("h1", "M"), _t("h2", "H"),
            *_PLRNN, _maybe("E", "H K"), *_PHI,
        ),
        building.shallow,
        _SHALLOW,
    ),
    Layout(
        "shallow PLRNN with the roles of 1 and 2 exchanged",
        (
            _t("W2", "M H", "W1"), _t("W1", "H M", "W2"), _t("A", "M | M M"),
            _t("h2", "M", "h1"), _t("h1", "H", "h2"), *_PLRNN,
        ),
        building.shallow_exchanged,
        _SHALLOW,
    ),
    Layout(
        "torch.nn.RNN",
        (
            _t("weight_hh_l0", "M M", "W_hh"), _t("weight_ih_l0", "M K", "W_ih"),
            _maybe("bias_ih_l0", "M", "b1"), _maybe("bias_hh_l0", "M", "b2"),
        ),
        building.torch_rnn,
        _RECURRENT,
    ),
    Layout(
        "torch.nn.RNNCell",
        (
            _t("weight_hh", "M M", "W_hh"), _t("weight_ih", "M K", "W_ih"),
            _maybe("bias_ih", "M", "b1"), _maybe("bias_hh", "M", "b2"), *_LEAK,
        ),
        building.torch_cell,
        _RECURRENT,
    ),
    Layout(
        "cell of your own",
        (_t("weight_hh", "M M", "W_hh"), _t("weight_ih", "M K", "W_ih"), _t("bias", "M"), *_LEAK),
        building.rate_network,
        (None, *_RECURRENT),
    ),
    Layout(
        "ReLU RNN",
        (_t("W_hh", "M M"), _t("bias", "M"), _maybe("W_ih", "M K"), *_READOUT, *_PHI),
        building.elman,
        ("relu_rnn",),
    ),
    Layout(
        "leaky RNN",
        (
            _t("W_hh", "M M"), _t("bias", "M"), _t("alpha α", " | M", "alpha"),
            _maybe("W_in W_ih", "M K", "W_ih"), *_READOUT, *_PHI,
        ),
        building.leaky_by_name,
        _LEAKY,
    ),
    Layout(
        "rate network by name",
        (
            _t("W_rec Wrec w_rec W_hh Whh w_hh", "M M", "W_hh"),
            _t("W_in Win w_in W_ih Wih w_ih W_xh Wxh", "M K", "W_ih"),
            _maybe("b_rec brec b_h bh b_hh bias b", "M", "bias"),
            _maybe("W_out Wout w_out W_hy Why", "N M", "B"), _maybe("b_out bout b_y by", "N", "b"), *_LEAK,
        ),
        building.rate_network,
        (None, *_RECURRENT),
    ),
    Layout(
        "PsychRNN",
        (
            _t("W_rec", "M M", "W_hh"), _t("W_in", "M K", "W_ih"), _t("b_rec", "M", "bias"),
            _t("W_out", "N M", "B"), _maybe("b_out", "N", "b"), _t("init_state", "M | J M"),
            _maybe("rec_connectivity rec_Connectivity", "M M", "mask"),
            _maybe("input_connectivity input_Connectivity", "M K", "input_mask"),
            _maybe("output_connectivity output_Connectivity", "N M", "output_mask"),
            _maybe("dale_ratio", "", "dale_ratio"), _maybe("Dale_rec", "M M"), _maybe("Dale_out", "M M"), *_LEAK,
        ),
        building.psychrnn,
        (None, *_LEAKY),
    ),
    Layout(
        "CTRNN of two linear layers",
        (
            _t(_each(_HIDDEN, "weight"), "M M", "W_hh"), _t(_each(_INPUT, "weight"), "M K", "W_ih"),
            _maybe(_each(_HIDDEN, "bias"), "M", "b1"), _maybe(_each(_INPUT, "bias"), "M", "b2"), *_LEAK,
        ),
        building.rate_network,
        (None, *_RECURRENT),
    ),
    Layout(
        "Keras SimpleRNN, by name",
        (
            _t("recurrent_kernel", "M M", "W_hh", turned=True), _t("kernel", "K M", "W_ih", turned=True),
            _maybe("bias", "M"),
        ),
        building.keras,
        _RECURRENT,
    ),
    Layout(
        "Keras SimpleRNN, .weights.h5",
        (
            _t("vars.1", "M M", "W_hh", turned=True), _t("vars.0", "K M", "W_ih", turned=True),
            _maybe("vars.2", "M", "bias"),
        ),
        building.keras,
        _RECURRENT,
        beside=(Beside(r"seed_generator\..*", "J"),),
        within=r"(simple_rnn|rnn)(_\d+)?\.cell$|simple_rnn_cell(_\d+)?$",
    ),
    Layout(
        "Flax SimpleCell",
        (
            _t("h.kernel dense_h.kernel", "M M", "W_hh", turned=True),
            _t("i.kernel dense_i.kernel", "K M", "W_ih", turned=True),
            _maybe("i.bias dense_i.bias", "M", "b1"), _maybe("h.bias dense_h.bias", "M", "b2"),
        ),
        building.flax,
        _RECURRENT,
        beside=(Beside("carry.*", "M | J M"), Beside("rngs.*", " | J")),
    ),
    Layout(
        "Haiku VanillaRNN",
        (
            _t("linear_1.w", "M M", "W_hh", turned=True), _t("linear.w", "K M", "W_ih", turned=True),
            _maybe("linear.b", "M", "b1"), _maybe("linear_1.b", "M", "b2"),
        ),
        building.haiku,
        _RECURRENT,
        within=r"vanilla_rnn(_\d+)?$",
    ),
)  # fmt: skip
