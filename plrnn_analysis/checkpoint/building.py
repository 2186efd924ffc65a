"""How the arrays of a layout become the parameters of an architecture; one function a kind of layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._validation import as_array
from ..activations import ACTIVATIONS, Activation, as_activation
from ..model import PLRNN
from ..rate_networks import LEAKY_FORMS
from .contents import Contents
from .said_activation import activation
from .said_step import says_clipped, says_learnt_start
from .statements import leak
from .wishes import Wishes

__all__ = [
    "OWN_STEP",
    "Built",
    "Parts",
    "as_named",
    "dendritic",
    "elman",
    "flax",
    "haiku",
    "keras",
    "leaky_by_name",
    "one_matrix",
    "one_matrix_dendritic",
    "psychrnn",
    "rate_network",
    "shallow",
    "shallow_exchanged",
    "thresholds_2017",
    "torch_cell",
    "torch_rnn",
]

#: Under which a module in memory that does not move as PyTorch's own do says so.
OWN_STEP = "forward of its own"
_STEP = "h' = (1 - alpha) h + alpha relu(W h + W_in s + b)"
_EQUAL_LEAKS = 1e-6


@dataclass
class Parts:
    """What a builder works with.

    Attributes
    ----------
    contents : Contents
    wishes : Wishes
    prefix : str
        Name of the module.
    layout : str
        Name of the layout.
    architecture : str or None
        What it is to be read as: asked for, said by the file, or the layout's own. None where nothing says it.
    insisted : bool
        Whether the caller asked for that architecture.
    arrays : dict of str to ndarray
        By role.
    names : dict of str to str
        The file's names by role, for messages.
    notes : list of str
        To which the builder adds what it had to assume.
    left : list of str
        Roles that the builder did not use, to which it adds.
    """

    contents: Contents
    wishes: Wishes
    prefix: str
    layout: str
    architecture: str | None
    insisted: bool
    arrays: dict[str, np.ndarray]
    names: dict[str, str]
    notes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Built:
    """Parameters of an architecture, and the readout if the layout has one."""

    architecture: str
    weights: dict[str, np.ndarray]
    B: np.ndarray | None = None
    b: np.ndarray | None = None
    all_units: bool = False


def as_named(parts: Parts) -> Built:
    """The layout's roles are the architecture's own names."""
    _refuse_other_activation(parts)
    return _with_readout(parts)


def _with_readout(parts: Parts) -> Built:
    weights = dict(parts.arrays)
    B, b = weights.pop("B", None), weights.pop("b", None)
    if B is not None and says_learnt_start(parts.contents, parts.prefix):
        parts.notes.append("its first state is learnt from the first observation by B, so B was read as no readout")
        parts.left += [role for role in ("B", "b") if role in parts.arrays]
        B = b = None
    return Built(str(parts.architecture), weights, B, b)


def _refuse_other_activation(parts: Parts) -> None:
    said = activation(parts.contents, parts.prefix)
    if said not in (None, ACTIVATIONS["relu"]):
        raise parts.contents.error(
            f"it says that its activation is not ReLU (kinks {said.kinks}, slopes {said.slopes}), "
            f"and a {parts.layout} is read with ReLU alone",
            "PLRNN.shallow(A, W, W2, h, h2, activation=...) with W2 the identity holds such a network.",
        )


def dendritic(parts: Parts, subtracted: bool = True) -> Built:
    """Thresholds of one basis may be a vector; they are subtracted unless the layout or the caller adds them."""
    thetas = parts.arrays["thetas"]
    if thetas.ndim == 1:
        parts.arrays["thetas"] = thetas[:, None]
    if (parts.wishes.thresholds or ("subtracted" if subtracted else "added")) == "added":
        parts.arrays["thetas"] = -parts.arrays["thetas"]
    if says_clipped(parts.contents, parts.prefix):
        # Σ α (relu(z - θ) - relu(z)): one basis more, whose threshold is zero.
        alphas, thetas = parts.arrays["alphas"], parts.arrays["thetas"]
        parts.arrays["alphas"] = np.append(alphas, -alphas.sum())
        parts.arrays["thetas"] = np.column_stack([thetas, np.zeros(len(thetas))])
        parts.notes.append("it says that it is clipped: relu(z) is subtracted from each basis, as one basis more")
    return as_named(parts)


def _split(parts: Parts) -> None:
    AW = parts.arrays.pop("AW")
    parts.arrays = {"A": np.diag(AW).copy(), "W": AW - np.diag(np.diag(AW)), **parts.arrays}


def one_matrix(parts: Parts) -> Built:
    """The diagonal of AW is A, the rest W; every unit has a ReLU."""
    _split(parts)
    built = as_named(parts)
    return Built(built.architecture, built.weights, built.B, built.b, all_units=True)


def one_matrix_dendritic(parts: Parts) -> Built:
    """As `one_matrix`, where the published code adds thresholds: relu(z + theta)."""
    _split(parts)
    sign = "+" if parts.wishes.thresholds in (None, "added") else "-"
    other = "subtracted" if sign == "+" else "added"
    parts.notes.append(f"thresholds were taken as relu(z {sign} theta); thresholds={other!r} reads the other sign")
    return dendritic(parts, subtracted=False)


def thresholds_2017(parts: Parts) -> Built:
    """Files of the PLRNN of 2017 (A, W, h, mu0, S): z' = A z + W max(z - h, 0) + C s."""
    for role in ("mu0", "S"):
        parts.arrays.pop(role)
        parts.left.append(role)
    if parts.architecture == "al_rnn":
        return as_named(parts)
    h = parts.arrays["h"]
    parts.notes.append(
        "mu0 and S beside A, W and h are those of the PLRNN of 2017, so h was read as thresholds, "
        "z' = A z + W max(z - h, 0): the same as PLRNN.dendritic(A, W, 0, [1], h). The other reading is "
        "z' = A z + W relu(z) + h: architecture='al_rnn', pwl_units=M. A readout B of such a file acts on "
        "max(z - h, 0), and is not read"
    )
    parts.arrays.update(h=np.zeros_like(h), alphas=np.ones(1), thetas=h[:, None])
    return as_named(parts)


def shallow(parts: Parts) -> Built:
    """Shallow or clipped: the names are the same."""
    W1 = parts.arrays["W1"]
    if not parts.insisted and says_clipped(parts.contents, parts.prefix):
        parts.architecture = "clipped_shallow"
    if parts.architecture == "shallow" and not parts.insisted:
        parts.notes.append("the names of the tensors do not tell shallow from clipped_shallow: shallow was assumed")
    if W1.shape[0] == W1.shape[1]:
        parts.notes.append(
            f"{parts.names['W1']} and {parts.names['W2']} are both square: {parts.names['W1']} was taken as the matrix "
            "outside of the ReLU, z' = A z + W1 relu(W2 z + h2) + h1"
        )
    if "kinks" not in parts.arrays:
        _refuse_other_activation(parts)
    return _with_readout(parts)


def shallow_exchanged(parts: Parts) -> Built:
    """W1 and h1 are inside of the ReLU."""
    parts.notes.append("W1 is (H, M), so the roles of 1 and 2 were exchanged: z' = A z + W2 relu(W1 z + h1) + h2")
    return shallow(parts)


def _bias(parts: Parts) -> np.ndarray:
    """The sum of the biases there are."""
    zero = np.zeros(parts.arrays["W_hh"].shape[0])
    return sum((parts.arrays[role] for role in ("b1", "b2", "bias") if role in parts.arrays), start=zero)


def _recurrent(parts: Parts, assumed: str = "", form: str | None = None) -> Built:
    """A recurrent layer, leaky or not.

    `assumed` says why ReLU was taken where nothing names the activation; `form` is the layout's own.
    """
    W_hh, W_ih, bias = parts.arrays["W_hh"], parts.arrays.get("W_ih"), _bias(parts)
    phi = _activation(parts, assumed)
    B, b = parts.arrays.get("B"), parts.arrays.get("b")
    if parts.architecture == "relu_rnn":
        parts.left += [role for role in ("alpha", "tau", "dt") if role in parts.arrays]
        model = (
            PLRNN.relu_rnn(W_hh, bias, W_ih)
            if phi == ACTIVATIONS["relu"]
            else PLRNN.rnn(W_hh, bias, W_ih, activation=phi)
        )
        return Built(model.architecture, model.parameters, B, b)
    form = _form(parts, form)
    model = PLRNN.leaky_rnn(W_hh, W_ih, bias, _alpha(parts), form=form, activation=phi)
    if form == "current" and B is not None:
        parts.notes.append(
            f"{parts.names['B']} acts on the rates phi(x), which are no linear function of the state x: "
            "no readout was read"
        )
        parts.left += [role for role in ("B", "b") if role in parts.arrays]
        B = b = None
    return Built(model.architecture, model.parameters, B, b)


def _activation(parts: Parts, assumed: str) -> Activation:
    given = {role: parts.arrays[role] for role in ("kinks", "slopes", "offset") if role in parts.arrays}
    if given:
        return as_activation(given)
    said = activation(parts.contents, parts.prefix)
    if said is not None:
        return said
    if assumed:
        parts.notes.append(assumed)
    return ACTIVATIONS["relu"]


def _form(parts: Parts, own: str | None) -> str:
    forms = {architecture: form for form, architecture in LEAKY_FORMS.items()}
    asked = parts.wishes.form
    architecture = str(parts.architecture)
    if parts.insisted and architecture != "leaky_rnn":
        if asked not in (None, forms[architecture]):
            raise parts.contents.error(f"form={asked!r} contradicts architecture={architecture!r}")
        return forms[architecture]
    if asked is None:
        taken = own or forms[architecture]
        others = " or ".join(repr(form) for form in LEAKY_FORMS if form != taken)
        parts.notes.append(
            f"nothing says where the activation stands: form={taken!r} was assumed; others: form={others}"
        )
        return taken
    return asked


def _alpha(parts: Parts) -> Any:
    """The leak, from the argument, the arrays or the settings; all must agree."""
    found: list[tuple[str, Any]] = []
    if parts.wishes.alpha is not None:
        given = parts.wishes.alpha
        found.append(("alpha=", as_array("alpha", given, (None,) * min(np.ndim(given), 1))))
    roles = [role for role in ("alpha", "tau", "dt") if role in parts.arrays]
    if "alpha" in roles:
        found.append((f"the file ({parts.names['alpha']})", parts.arrays["alpha"]))
        roles.remove("alpha")
    elif len(roles) == 2:
        found.append(("the file (dt, tau)", parts.arrays["dt"] / parts.arrays["tau"]))
        roles.clear()
    parts.left += roles
    said, words = leak(parts.contents, parts.prefix)
    if said is not None:
        found.append((f"the settings ({words})", np.asarray(said)))
    if not found:
        raise _no_leak(parts)
    name, value = found[0]
    for other, also in found[1:]:
        # A leak stored in single precision is the same.
        if not np.allclose(value, also, rtol=_EQUAL_LEAKS, atol=0.0):
            raise parts.contents.error(f"contradiction about the leak: {name}: {value}; {other}: {also}")
    return value


def _no_leak(parts: Parts) -> Exception:
    return parts.contents.error(
        f"{_at(parts)} holds the weights of a rate network ({parts.layout}), {_STEP}, but not its leak",
        'Give architecture="leaky_rnn", alpha=dt/tau and form="rate" or, where the state is x with rates relu(x), '
        'form="current"; from Python also PLRNN.leaky_rnn(W, W_in, b, dt=..., tau=...).',
    )


def _at(parts: Parts) -> str:
    return f"the part at {parts.prefix!r}" if parts.prefix else "it"


def torch_rnn(parts: Parts) -> Built:
    """One layer of ``torch.nn.RNN``: the two biases are added."""
    own_step = parts.contents.facts.get(parts.prefix, {}).get(OWN_STEP)
    if own_step and not parts.insisted and parts.architecture == "relu_rnn":
        raise _your_own(parts, ["a forward of its own"])
    if ("b1" in parts.arrays) != ("b2" in parts.arrays):
        end = "_l0" if parts.names["W_hh"].endswith("_l0") else ""
        where = f" at {parts.prefix!r}" if parts.prefix else ""
        raise parts.contents.error(
            f"it holds an RNN with only one of bias_ih{end} and bias_hh{end}{where}", "Export it again."
        )
    kind = "RNNCell" if parts.layout.endswith("Cell") else "RNN"
    return _recurrent(parts, f"a state dict does not say whether a torch.nn.{kind} uses tanh or relu: relu was assumed")


def torch_cell(parts: Parts) -> Built:
    """``torch.nn.RNNCell``; a leak beside it makes another network of it."""
    leaks = [parts.names[role] for role in ("alpha", "tau", "dt") if role in parts.arrays]
    said, words = leak(parts.contents, parts.prefix, modules_only=True)
    if not parts.insisted and parts.wishes.alpha is None and (leaks or said not in (None, 1.0)):
        raise _your_own(parts, leaks or [words])
    if parts.wishes.alpha is not None and not parts.insisted:
        parts.architecture = "leaky_rnn"
    return torch_rnn(parts)


def rate_network(parts: Parts) -> Built:
    """Weights of a recurrent network whose step the names do not say."""
    return _by_choice(parts, None)


def _by_choice(parts: Parts, form: str | None) -> Built:
    if parts.architecture is None:
        if parts.wishes.alpha is None and parts.wishes.form is None:
            raise _your_own(parts, [parts.names[r] for r in ("bias", "alpha", "tau", "dt") if r in parts.arrays])
        parts.architecture = "leaky_rnn"
    return _recurrent(parts, "nothing says what the activation is: relu was assumed", form)


def _your_own(parts: Parts, beside: list[str]) -> Exception:
    named = f" (there is also {', '.join(beside)})" if beside else ""
    return parts.contents.error(
        f"{_at(parts)} holds the weights of {parts.layout}{named}, and its step is not in the names",
        f'For {_STEP} give architecture="leaky_rnn", alpha=dt/tau (from the file if it is there) and form="rate", '
        'or form="current" where the state is x with rates relu(x); '
        'to insist on z\' = relu(W z + W_in s + b) give architecture="relu_rnn".',
    )


def elman(parts: Parts) -> Built:
    """The architecture's own names."""
    return _recurrent(parts)


def leaky_by_name(parts: Parts) -> Built:
    """The own names of the leaky architectures."""
    return _recurrent(parts)


def psychrnn(parts: Parts) -> Built:
    """PsychRNN: x' = (1 - alpha) x + alpha (W_rec relu(x) + W_in s + b_rec), masks and Dale's law applied.

    Recent releases save weights with both applied, older ones without; to apply them twice changes nothing.
    """
    a = parts.arrays
    for role, mask in (("W_hh", "mask"), ("W_ih", "input_mask")):
        if mask in a:
            a[role] = a[role] * a[mask]
    ratio = float(a.get("dale_ratio", 0.0))
    if ratio:
        m = a["W_hh"].shape[0]
        signs = np.where(np.arange(m) < int(ratio * m), 1.0, -1.0)
        a["W_hh"], a["W_ih"] = np.abs(a["W_hh"]) * signs, np.abs(a["W_ih"])
    parts.left += [role for role in ("init_state", "output_mask", "Dale_rec", "Dale_out") if role in a]
    return _by_choice(parts, "current")


def keras(parts: Parts) -> Built:
    """Keras SimpleRNN: kernels are transposed."""
    return _recurrent(
        parts, "the weights of a Keras SimpleRNN do not say its activation (tanh by default): relu was assumed"
    )


def flax(parts: Parts) -> Built:
    """Flax SimpleCell: kernels are transposed."""
    return _recurrent(
        parts,
        "the weights of a Flax SimpleCell do not say its activation (tanh by default) nor whether it is residual: "
        "relu was assumed, and no residual connection",
    )


def haiku(parts: Parts) -> Built:
    """Haiku VanillaRNN: kernels are transposed; it is a ReLU network."""
    return _recurrent(parts)
