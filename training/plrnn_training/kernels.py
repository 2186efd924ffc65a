"""Sequences of one or a few small models on the CPU, compiled.

A step of a small model is a product of two small matrices, which takes a microsecond: what torch spends around it
would be most of the time. Loops run over models outside and time inside, so that a model's weights stay near the
processor.
"""

import numpy as np

from plrnn_analysis.kernels import kernel

__all__ = ["backward_in_time", "forward_in_time"]


def _signatures(*arguments: str) -> tuple[str, ...]:
    """The same signature in single and in double precision."""
    return tuple(f"void({', '.join(f'{real}{axes}' for axes in arguments)})" for real in ("float32", "float64"))


@kernel(
    *_signatures(
        "[:, :, ::1]", "[:, ::1]", "[:, ::1]", "[:, :, ::1]",
        "[:, :, :, ::1]", "[:, :, :, ::1]", "[:, :, ::1]", "[:, ::1]", "[:, :, ::1]",
        "[:, :, :, ::1]", "[:, :, :, ::1]", "[:, :, :, ::1]",
    )
)  # fmt: skip
def forward_in_time(turned, A, floor, initial, gain, observations, B, b, K, rectified, negative, states):
    """Fill `rectified`, `negative` and `states`, where `states` holds ``C s_t + h`` before.

    Parameters
    ----------
    turned : (E, M, M) ndarray
        Transposes of ``W + diag(A)``.
    A : (E, M) ndarray
        Self-weights.
    floor : (E, H) ndarray
        For the last H units: 0 for a ReLU unit, minus infinity for a linear one; all units before are linear.
    initial : (E, batch, M) ndarray
    gain, observations : (E, T, batch, N) ndarray
        Before step t a state z becomes ``z + K gain_t (observations_t - B z - b)``; N = 0 without forcing.
    B, b, K : (E, N, M), (E, N), (E, N, M) ndarray
        K with one row an output.
    rectified : (E, T, batch, M) ndarray
        What each step multiplies: the state where it begins, after forcing and the ReLUs.
    negative : (E, T, batch, H) ndarray
        What the ReLUs took away.
    states : (E, T, batch, M) ndarray
        Where each step ends.
    """
    n_models, n_steps, batch, n_units = states.shape
    n_outputs, n_tail = B.shape[1], floor.shape[1]
    n_plain = n_units - n_tail
    product = np.empty((batch, n_units), dtype=states.dtype)
    for e in range(n_models):
        for t in range(n_steps):
            before = initial[e] if t == 0 else states[e, t - 1]
            z, below, end = rectified[e, t], negative[e, t], states[e, t]
            for k in range(batch):
                for i in range(n_units):
                    z[k, i] = before[k, i]
            for k in range(batch):
                for o in range(n_outputs):
                    if gain[e, t, k, o] != 0.0:
                        # From the state before forcing: the outputs are corrected together.
                        missing = observations[e, t, k, o] - b[e, o]
                        for i in range(n_units):
                            missing -= B[e, o, i] * before[k, i]
                        missing *= gain[e, t, k, o]
                        for i in range(n_units):
                            z[k, i] += K[e, o, i] * missing
            for k in range(batch):
                for i in range(n_tail):
                    value = z[k, n_plain + i]
                    # Written so that NaN stays NaN.
                    kept = floor[e, i] if value <= floor[e, i] else value
                    z[k, n_plain + i] = kept
                    below[k, i] = value - kept
            np.dot(z, turned[e], product)
            for k in range(batch):
                for i in range(n_units):
                    end[k, i] += product[k, i]
                for i in range(n_tail):
                    end[k, n_plain + i] += A[e, n_plain + i] * below[k, i]


@kernel(
    *_signatures(
        "[:, :, ::1]", "[:, ::1]", "[:, ::1]", "[:, :, :, ::1]", "[:, :, :, ::1]", "[:, :, ::1]", "[:, :, ::1]",
        "[:, :, :, ::1]", "[:, :, ::1]",
    )
)  # fmt: skip
def backward_in_time(J, A, floor, rectified, gain, B, K, gradients, initial):
    """Turn the gradients of a loss for each state into those with all that follows from the state.

    Parameters
    ----------
    J : (E, M, M) ndarray
        ``W + diag(A)``.
    A, floor, rectified, gain, B, K
        As in :func:`forward_in_time`; K is a constant.
    gradients : (E, T, batch, M) ndarray
        Changed in place.
    initial : (E, batch, M) ndarray
        Gets the gradients for the initial states.
    """
    n_models, n_steps, batch, n_units = gradients.shape
    n_outputs, n_tail = B.shape[1], floor.shape[1]
    n_plain = n_units - n_tail
    g = np.empty((batch, n_units), dtype=gradients.dtype)
    pulled = np.empty(n_outputs, dtype=gradients.dtype)
    for e in range(n_models):
        for step in range(n_steps):
            t = n_steps - 1 - step
            end, z = gradients[e, t], rectified[e, t]
            np.dot(end, J[e], g)
            for k in range(batch):
                for i in range(n_tail):
                    # Through an inactive ReLU only the self-weight carries the gradient.
                    through = A[e, n_plain + i] * end[k, n_plain + i]
                    if z[k, n_plain + i] <= floor[e, i]:
                        g[k, n_plain + i] = through
            for k in range(batch):
                for o in range(n_outputs):
                    pulled[o] = 0.0
                    if gain[e, t, k, o] != 0.0:
                        for i in range(n_units):
                            pulled[o] += K[e, o, i] * g[k, i]
                        pulled[o] *= gain[e, t, k, o]
                for o in range(n_outputs):
                    if pulled[o] != 0.0:
                        for i in range(n_units):
                            g[k, i] -= B[e, o, i] * pulled[o]
            if t == 0:
                for k in range(batch):
                    for i in range(n_units):
                        initial[e, k, i] = g[k, i]
            else:
                into = gradients[e, t - 1]
                for k in range(batch):
                    for i in range(n_units):
                        into[k, i] += g[k, i]
