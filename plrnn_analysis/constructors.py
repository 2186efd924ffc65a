"""A constructor for every architecture: from the arrays that people have to a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from ._signatures import checked
from ._validation import as_array, one_of, whole
from .activations import as_activation
from .display.abbreviation import count_words
from .errors import ModelError
from .rate_networks import LEAKY_FORMS, constrained_weights, leak, low_rank_weights
from .recorded_trials import RecordedTrials

__all__ = ["Constructors"]


class Constructors:
    """Class methods that make a network of the class they are called on.

    The base of :class:`plrnn_analysis.network.Network`.
    """

    def __init__(
        self,
        architecture: str,
        parameters: Mapping[str, Any],
        relu_units: Sequence[int] | None = None,
        B: Any = None,
        b: Any = None,
        metadata: Mapping[str, Any] | None = None,
        trials: RecordedTrials | None = None,
    ) -> None:
        raise NotImplementedError("a network makes itself, see plrnn_analysis.network.Network")

    @classmethod
    @checked
    def al_rnn(
        cls,
        A: Any,
        W: Any,
        h: Any,
        pwl_units: int | None = None,
        relu_units: Sequence[int] | None = None,
        C: Any = None,
        B: Any = None,
        b: Any = None,
    ) -> Self:
        """AL-RNN ``z' = A z + W phi(z) + C s + h`` with ReLU on some units and identity on the others.

        Parameters
        ----------
        A : (M,) or (M, M) array_like
            Self-weights; a vector is a diagonal.
        W : (M, M) array_like
        h : (M,) array_like
        pwl_units : int, optional
            P: the last P units have a ReLU. 0 gives a linear RNN, M the PLRNN.
        relu_units : sequence of int, optional
            The ReLU units by index, instead of `pwl_units`.
        C : (M, K) array_like, optional
        B : (N, M) array_like, optional
        b : (N,) array_like, optional

        Raises
        ------
        ModelError
            On wrong shapes, NaN or infinity, or if not exactly one of `pwl_units` and `relu_units` is given.
        """
        if (pwl_units is None) == (relu_units is None):
            raise ModelError("give exactly one of pwl_units (the last P units) and relu_units (named units)")
        if relu_units is None:
            W = as_array("W", W, (None, None), "(M, M)")
            m = len(W)
            pwl_units = whole("pwl_units", pwl_units, 0, m, remark=f"(the model has {count_words(m, 'unit')})")
            relu_units = range(m - pwl_units, m)
        return cls("al_rnn", {"A": A, "W": W, "h": h, "C": C}, tuple(relu_units), B, b)

    @classmethod
    @checked
    def shallow(
        cls,
        A: Any,
        W1: Any,
        W2: Any,
        h1: Any,
        h2: Any,
        C: Any = None,
        B: Any = None,
        b: Any = None,
        E: Any = None,
        activation: Any = "relu",
    ) -> Self:
        """Shallow PLRNN ``z' = A z + W1 phi(W2 z + h2 + E s) + h1 + C s``, published with phi = ReLU.

        Parameters
        ----------
        A : (M,) or (M, M) array_like
        W1 : (M, H) array_like
        W2 : (H, M) array_like
        h1 : (M,) array_like
        h2 : (H,) array_like
        C, B, b : array_like, optional
            As in :meth:`al_rnn`.
        E : (H, K) array_like, optional
            Input inside the ReLU, which the published architecture does not have.
        activation : str or Activation, optional
            phi, as in :meth:`rnn`. A PLRNN with another activation is the case that `W2` is the identity.

        Raises
        ------
        ModelError
            On wrong shapes, NaN or infinity, or if the activation is not piecewise linear.
        """
        weights = {"A": A, "W1": W1, "W2": W2, "h1": h1, "h2": h2, "C": C, "E": E, **_unless_relu(activation)}
        return cls("shallow", weights, None, B, b)

    @classmethod
    @checked
    def clipped_shallow(
        cls, A: Any, W1: Any, W2: Any, h1: Any, h2: Any, C: Any = None, B: Any = None, b: Any = None
    ) -> Self:
        """Clipped shallow PLRNN ``z' = A z + W1 [relu(W2 z + h2) - relu(W2 z)] + h1 + C s``.

        Parameters as in :meth:`shallow`. It has 2H ReLUs: first the shifted, then the unshifted.

        Raises
        ------
        ModelError
            On wrong shapes, NaN or infinity.
        """
        return cls("clipped_shallow", {"A": A, "W1": W1, "W2": W2, "h1": h1, "h2": h2, "C": C}, None, B, b)

    @classmethod
    @checked
    def dendritic(
        cls, A: Any, W: Any, h: Any, alphas: Any, thetas: Any, C: Any = None, B: Any = None, b: Any = None
    ) -> Self:
        """Dendritic PLRNN ``z' = A z + W sum_b alpha_b relu(z - theta_b) + h + C s``.

        Parameters
        ----------
        A : (M,) or (M, M) array_like
        W : (M, M) array_like
        h : (M,) array_like
        alphas : (n_bases,) array_like
            Signed slope of each basis.
        thetas : (M, n_bases) array_like
            Threshold of each unit in each basis.
        C, B, b : array_like, optional
            As in :meth:`al_rnn`.

        Raises
        ------
        ModelError
            On wrong shapes, NaN or infinity.
        """
        return cls("dendritic", {"A": A, "W": W, "h": h, "alphas": alphas, "thetas": thetas, "C": C}, None, B, b)

    @classmethod
    @checked
    def relu_rnn(cls, W_hh: Any, bias: Any, W_ih: Any = None, B: Any = None, b: Any = None) -> Self:
        """One layer of ``torch.nn.RNN(nonlinearity="relu")``: ``z' = relu(W_hh z + W_ih s + bias)``.

        Parameters
        ----------
        W_hh : (M, M) array_like
        bias : (M,) array_like
            ``bias_ih + bias_hh`` of the torch module.
        W_ih : (M, K) array_like, optional
        B, b : array_like, optional
            As in :meth:`al_rnn`.

        Raises
        ------
        ModelError
            On wrong shapes, NaN or infinity.
        """
        return cls("relu_rnn", {"W_hh": W_hh, "bias": bias, "W_ih": W_ih}, None, B, b)

    @classmethod
    @checked
    def rnn(
        cls, W_hh: Any, bias: Any, W_ih: Any = None, B: Any = None, b: Any = None, *, activation: Any = "relu"
    ) -> Self:
        """One recurrent layer with any piecewise-linear activation: ``z' = phi(W_hh z + W_ih s + bias)``.

        Parameters
        ----------
        W_hh, bias, W_ih, B, b : array_like
            As in :meth:`relu_rnn`.
        activation : str or Activation, optional
            phi: ``"relu"``, ``"leaky_relu"``, ``"relu6"``, ``"hardtanh"``, ``"hard_sigmoid"``, ``"abs"``, ... of
            :data:`plrnn_analysis.activations.ACTIVATIONS`, or any ``Activation(kinks, slopes, offset)``. With n kinks
            there are n M ReLUs, so n M bits, kink by kink: the first M bits say which units are above the first kink.

        Raises
        ------
        ModelError
            On wrong shapes, NaN or infinity, or if the activation is not piecewise linear.

        Examples
        --------
        >>> from plrnn_analysis import PLRNN
        >>> PLRNN.rnn([[2.0]], [0.0], activation="hardtanh")
        <PLRNN rnn: M=1 units, 2 ReLUs, at most 2^2 subregions>
        """
        return cls(
            "rnn", {"W_hh": W_hh, "bias": bias, "W_ih": W_ih, **as_activation(activation).parameters()}, None, B, b
        )

    @classmethod
    @checked
    def leaky_rnn(
        cls,
        W_hh: Any,
        W_in: Any = None,
        b: Any = None,
        alpha: Any = None,
        *,
        dt: Any = None,
        tau: Any = None,
        form: str = "rate",
        mask: Any = None,
        dale: Any = None,
        activation: Any = "relu",
        B: Any = None,
        b_out: Any = None,
    ) -> Self:
        """Leaky RNN, the rate network of computational neuroscience.

        Parameters
        ----------
        W_hh : (M, M) array_like
            Row i is what unit i receives.
        W_in : (M, K) array_like, optional
        b : (M,) array_like, optional
            Zero by default; of a PyTorch cell with two biases their sum.
        alpha : float or (M,) array_like, optional
            Leak of a step, in (0, 1].
        dt, tau : float or, for `tau`, (M,) array_like, optional
            Step and time constants, ``alpha = dt / tau``, instead of `alpha`.
        form : {"rate", "current", "outer"}, optional
            What the state is, by where phi stands:

            - ``"rate"``: ``h' = (1 - alpha) h + alpha phi(W_hh h + W_in s + b)``;
            - ``"current"``: ``x' = (1 - alpha) x + alpha (W_hh phi(x) + W_in s + b)``;
            - ``"outer"``: ``h' = phi((1 - alpha) h + alpha (W_hh h + W_in s + b))``.
        mask : (M, M) array_like, optional
            Factor of each recurrent weight.
        dale : (M,) array_like, optional
            +1 for units that excite, -1 for those that inhibit: weights are ``|W_hh|`` times the sign of the sender,
            see :func:`plrnn_analysis.rate_networks.constrained_weights`.
        activation : str or Activation, optional
            phi, as in :meth:`rnn`.
        B : (N, M) array_like, optional
            Readout of the state: in the form ``"current"`` that is x, not phi(x).
        b_out : (N,) array_like, optional

        Returns
        -------
        Network
            Of the architecture ``"leaky_rnn"``, ``"leaky_rnn_current"`` or ``"leaky_rnn_outer"``; mask and signs are in
            its ``W_hh``.

        Raises
        ------
        ModelError
            If the leak is missing or outside (0, 1], on wrong shapes, NaN or infinity, or if the activation is not
            piecewise linear.

        Examples
        --------
        Two units that inhibit each other: two stable states and the saddle between them.

        >>> from plrnn_analysis import PLRNN
        >>> model = PLRNN.leaky_rnn([[0.0, -2.0], [-2.0, 0.0]], b=[1.0, 1.0], alpha=0.2)
        >>> model.map.A
        array([[0.8, 0. ],
               [0. , 0.8]])
        """
        architecture = LEAKY_FORMS[one_of("form", form, LEAKY_FORMS)]
        W_hh = constrained_weights(W_hh, mask, dale)
        weights = {
            "W_hh": W_hh,
            "bias": np.zeros(W_hh.shape[0]) if b is None else b,
            "alpha": leak(alpha, dt, tau),
            "W_in": W_in,
            **_unless_relu(activation),
        }
        return cls(architecture, weights, None, B, b_out)

    @classmethod
    @checked
    def low_rank_rnn(
        cls, m: Any, n: Any, W_in: Any = None, b: Any = None, alpha: Any = None, *, scale: float = 1.0, **options: Any
    ) -> Self:
        """Leaky RNN with recurrent weights of low rank, ``W_hh = scale m n^T``.

        Parameters
        ----------
        m, n : (M, R) or (M,) array_like
            Connectivity vectors, one column a rank.
        W_in, b, alpha
            As in :meth:`leaky_rnn`.
        scale : float, optional
            Published networks have ``m n^T / M``: give ``1 / M``.
        **options
            ``dt``, ``tau``, ``form`` (``"current"`` by default, as published), ``activation``, ``B``, ``b_out`` of
            :meth:`leaky_rnn`.

        Raises
        ------
        ModelError
            If m and n differ in shape, and as :meth:`leaky_rnn`.

        Notes
        -----
        Mastrogiuseppe & Ostojic (2018, doi:10.1016/j.neuron.2018.07.003); Dubreuil et al. (2022,
        doi:10.1038/s41593-022-01088-4). Theirs have smooth activations; with a ReLU everything here is exact.

        Examples
        --------
        >>> from plrnn_analysis import PLRNN
        >>> PLRNN.low_rank_rnn(m=[1.0, -1.0], n=[1.0, -1.0], b=[0.5, 0.5], alpha=0.1)
        <PLRNN leaky_rnn_current: M=2 units, 2 ReLUs, at most 2^2 subregions>
        """
        options = {"form": "current", **options}
        return cls.leaky_rnn(low_rank_weights(m, n, scale), W_in, b, alpha, **options)


def _unless_relu(activation: Any) -> dict[str, np.ndarray]:
    """The arrays of an activation; none for a ReLU, which architectures have without being told."""
    chosen = as_activation(activation)
    return {} if chosen == as_activation("relu") else chosen.parameters()
