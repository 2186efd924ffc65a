"""Principal components of states, and how they lie to the slow modes of a subregion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import as_array, whole
from ..display.abbreviation import count_words
from ..errors import ModelError
from ..results import Trajectory
from .eigen import MARGINAL

if TYPE_CHECKING:
    from .subregions import SubregionModes

__all__ = ["Alignment", "PrincipalComponents", "principal_components"]


@dataclass(frozen=True, eq=False)
class Alignment(Frozen):
    """How the leading principal components lie to the slow modes of a subregion.

    Attributes
    ----------
    bitcode : str
    n_components : int
        How many components are compared.
    dimension : int
        Of the space of the slow right eigenvectors, real and imaginary parts.
    angles : (min(n_components, dimension),) ndarray
        Principal angles between the two spaces in radians, smallest first: 0 where they share a direction.
    cosines : (n_components,) ndarray
        For each component the norm of its projection on the slow space: 1 if it lies in it, 0 if it is orthogonal.
    """

    bitcode: str
    n_components: int
    dimension: int
    angles: np.ndarray
    cosines: np.ndarray


@dataclass(frozen=True, eq=False)
class PrincipalComponents(Frozen):
    """Principal components of states.

    Attributes
    ----------
    mean : (M,) ndarray
    components : (M, M) ndarray
        Orthonormal rows, most variance first.
    variances : (M,) ndarray
        Population variance along each.
    explained : (M,) ndarray
        The same as shares of their sum; all zero if nothing varies.
    participation_ratio : float
        ``(sum v)² / sum v²`` of the variances v, the effective dimension: 1 if one component has all variance, M if
        all have the same. NaN if nothing varies.
    n_states : int
    """

    mean: np.ndarray
    components: np.ndarray
    variances: np.ndarray
    explained: np.ndarray
    participation_ratio: float
    n_states: int

    @checked
    def alignment(self, region: SubregionModes, n_components: int = 2, marginal: float = MARGINAL) -> Alignment:
        """Angles between the leading components and the slow modes of a subregion.

        Parameters
        ----------
        region : SubregionModes
            With all its slow modes.
        n_components : int, optional
        marginal : float, optional
            A mode is slow if the modulus of its eigenvalue differs from 1 by at most this: integrators and marginal
            rotations.

        Returns
        -------
        Alignment

        Raises
        ------
        ModelError
            If the sizes differ.

        References
        ----------
        A. Björck, G. H. Golub, *Numerical methods for computing angles between linear subspaces*, Mathematics of
        Computation 27, 1973, doi:10.2307/2005662.
        """
        from scipy.linalg import subspace_angles

        m = len(self.mean)
        if region.jacobian.shape != (m, m):
            raise ModelError(f"the components have {count_words(m, 'unit')}, the subregion {region.jacobian.shape[0]}")
        n_components = whole("n_components", n_components, 1, m)
        leading = self.components[:n_components]
        slow = [mode.right for mode in region.modes if abs(abs(mode.eigenvalue) - 1.0) <= marginal]
        parts = [part for r in slow for part in (r.real, r.imag) if np.any(part)]
        if not parts:
            return Alignment(region.bitcode, n_components, 0, np.zeros(0), np.zeros(n_components))
        U, sigma, _ = np.linalg.svd(np.stack(parts, axis=1), full_matrices=False)
        basis = U[:, sigma > 1e-9 * sigma[0]]
        angles = np.sort(subspace_angles(leading.T, basis))
        cosines = np.minimum(np.linalg.norm(leading @ basis, axis=1), 1.0)
        return Alignment(region.bitcode, n_components, basis.shape[1], angles, cosines)

    def __repr__(self) -> str:
        shares = ", ".join(f"{share:.3g}" for share in self.explained[:3])
        return (
            f"<PrincipalComponents of {count_words(self.n_states, 'state')}: explained {shares}, ...; "
            f"participation ratio {self.participation_ratio:.3g}>"
        )


@checked
def principal_components(states: Trajectory | Any) -> PrincipalComponents:
    """Principal components of the states of a trajectory.

    Parameters
    ----------
    states : Trajectory or (..., M) array_like
        Of a trajectory all states of all trials, without the initial ones.

    Returns
    -------
    PrincipalComponents

    Raises
    ------
    ModelError
        If there is no state, or one is NaN or infinite.

    Notes
    -----
    Singular value decomposition of the centred states, or of their covariance where they are more than units.
    The sign of a component is free; here its largest entry is positive.

    Examples
    --------
    >>> found = principal_components([[0.0, 0.0], [3.0, 4.0]])
    >>> found.components[0], float(found.explained[0]), found.participation_ratio
    (array([0.6, 0.8]), 1.0, 1.0)
    """
    raw = states.visited() if isinstance(states, Trajectory) else np.asarray(states)
    if raw.ndim < 2 or raw.shape[-1] == 0:
        raise ModelError(f"states must have shape (..., M) with at least two axes, got {raw.shape}")
    data = as_array("states", raw.reshape(-1, raw.shape[-1]), (None, None), "(states, M)")
    if data.shape[0] == 0 or data.shape[1] == 0:
        raise ModelError(f"principal components need at least one state and one unit, got {data.shape}")
    mean = data.mean(axis=0)
    # A triangle with the same singular values: as exact as the whole, and M x M whatever the number of states.
    triangle = np.linalg.qr(data - mean, mode="r")
    _, sigma, components = np.linalg.svd(triangle, full_matrices=True)
    variances = np.zeros(data.shape[1])
    variances[: len(sigma)] = sigma**2 / len(data)
    signs = np.sign(components[np.arange(len(components)), np.argmax(np.abs(components), axis=1)])
    total = float(variances.sum())
    return PrincipalComponents(
        mean=mean,
        components=components * signs[:, None],
        variances=variances,
        explained=variances / total if total > 0.0 else np.zeros_like(variances),
        participation_ratio=1.0 / float(np.sum((variances / total) ** 2)) if total > 0.0 else float("nan"),
        n_states=len(data),
    )
