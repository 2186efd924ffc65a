"""Iterating the canonical map on a batch of states.

Both steps of the map, ``y = V z + c + E s`` and ``z' = A z + W relu(y) + h + C s``, are products of one
matrix with stacked rows ``[z; relu(y); s]``. The caller splits each matrix into full columns and single
entries, so that a diagonal A, a selecting V or an identity W cost what they are worth.

Two kernels differ in what the innermost loop runs over, which is what becomes vector instructions: the units
of four trajectories at a time, or, for models with few units, the trajectories of a block. Every number is
the same sum in the same order either way, so results do not depend on the batch or on the number of
threads.
"""

import numpy as np

from ._jit import kernel

__all__ = ["advance_along_batch", "advance_along_units"]

# Trajectories that share each load of a weight.
LANES = 4


@kernel(
    "void(float64[:, ::1], int64[::1], int64[:, ::1], float64[::1], float64[::1], float64[:, ::1], float64[:, ::1])"
)
def _multiply_along_batch(full, columns, places, weights, offset, rows, out):
    """``out = offset + full @ rows[columns]`` and, for each place (i, j), ``out[i] += weight * rows[j]``."""
    m, width = out.shape
    n_full = columns.shape[0]
    for i in range(m):
        for k in range(width):
            out[i, k] = offset[i]
    # Four rows by four columns in registers: 32 operations for every 12 numbers moved.
    i = 0
    while i + 4 <= m and n_full > 0:
        j = 0
        while j + 4 <= n_full:
            r0, r1, r2, r3 = columns[j], columns[j + 1], columns[j + 2], columns[j + 3]
            a0, a1, a2, a3 = full[i, j], full[i, j + 1], full[i, j + 2], full[i, j + 3]
            b0, b1, b2, b3 = full[i + 1, j], full[i + 1, j + 1], full[i + 1, j + 2], full[i + 1, j + 3]
            c0, c1, c2, c3 = full[i + 2, j], full[i + 2, j + 1], full[i + 2, j + 2], full[i + 2, j + 3]
            d0, d1, d2, d3 = full[i + 3, j], full[i + 3, j + 1], full[i + 3, j + 2], full[i + 3, j + 3]
            for k in range(width):
                s0, s1, s2, s3 = rows[r0, k], rows[r1, k], rows[r2, k], rows[r3, k]
                out[i, k] = out[i, k] + a0 * s0 + a1 * s1 + a2 * s2 + a3 * s3
                out[i + 1, k] = out[i + 1, k] + b0 * s0 + b1 * s1 + b2 * s2 + b3 * s3
                out[i + 2, k] = out[i + 2, k] + c0 * s0 + c1 * s1 + c2 * s2 + c3 * s3
                out[i + 3, k] = out[i + 3, k] + d0 * s0 + d1 * s1 + d2 * s2 + d3 * s3
            j += 4
        while j < n_full:
            r = columns[j]
            a, b, c, d = full[i, j], full[i + 1, j], full[i + 2, j], full[i + 3, j]
            for k in range(width):
                s = rows[r, k]
                out[i, k] = out[i, k] + a * s
                out[i + 1, k] = out[i + 1, k] + b * s
                out[i + 2, k] = out[i + 2, k] + c * s
                out[i + 3, k] = out[i + 3, k] + d * s
            j += 1
        i += 4
    while i < m and n_full > 0:
        for j in range(n_full):
            a = full[i, j]
            r = columns[j]
            for k in range(width):
                out[i, k] = out[i, k] + a * rows[r, k]
        i += 1
    for n in range(places.shape[0]):
        target, r = places[n, 0], places[n, 1]
        a = weights[n]
        for k in range(width):
            out[target, k] = out[target, k] + a * rows[r, k]


@kernel(
    "void(float64[:, ::1], int64[::1], int64[:, ::1], float64[::1], float64[::1], float64[:, ::1], float64[:, ::1])"
)
def _multiply_along_units(turned, columns, places, weights, offset, rows, out):
    """The same with one trajectory a row of `rows` and `out`; `turned` is the transpose of `full`."""
    width, m = out.shape
    n_full = columns.shape[0]
    for k in range(width):
        for i in range(m):
            out[k, i] = offset[i]
    k = 0
    while k + 4 <= width:
        j = 0
        while j + 4 <= n_full:
            r0, r1, r2, r3 = columns[j], columns[j + 1], columns[j + 2], columns[j + 3]
            a0, a1, a2, a3 = rows[k, r0], rows[k, r1], rows[k, r2], rows[k, r3]
            b0, b1, b2, b3 = rows[k + 1, r0], rows[k + 1, r1], rows[k + 1, r2], rows[k + 1, r3]
            c0, c1, c2, c3 = rows[k + 2, r0], rows[k + 2, r1], rows[k + 2, r2], rows[k + 2, r3]
            d0, d1, d2, d3 = rows[k + 3, r0], rows[k + 3, r1], rows[k + 3, r2], rows[k + 3, r3]
            for i in range(m):
                w0, w1, w2, w3 = turned[j, i], turned[j + 1, i], turned[j + 2, i], turned[j + 3, i]
                out[k, i] = out[k, i] + w0 * a0 + w1 * a1 + w2 * a2 + w3 * a3
                out[k + 1, i] = out[k + 1, i] + w0 * b0 + w1 * b1 + w2 * b2 + w3 * b3
                out[k + 2, i] = out[k + 2, i] + w0 * c0 + w1 * c1 + w2 * c2 + w3 * c3
                out[k + 3, i] = out[k + 3, i] + w0 * d0 + w1 * d1 + w2 * d2 + w3 * d3
            j += 4
        while j < n_full:
            r = columns[j]
            a, b, c, d = rows[k, r], rows[k + 1, r], rows[k + 2, r], rows[k + 3, r]
            for i in range(m):
                w = turned[j, i]
                out[k, i] = out[k, i] + w * a
                out[k + 1, i] = out[k + 1, i] + w * b
                out[k + 2, i] = out[k + 2, i] + w * c
                out[k + 3, i] = out[k + 3, i] + w * d
            j += 1
        k += 4
    while k < width:
        j = 0
        while j + 4 <= n_full:
            a0, a1, a2, a3 = (
                rows[k, columns[j]], rows[k, columns[j + 1]], rows[k, columns[j + 2]], rows[k, columns[j + 3]]
            )  # fmt: skip
            for i in range(m):
                out[k, i] = (
                    out[k, i]
                    + turned[j, i] * a0
                    + turned[j + 1, i] * a1
                    + turned[j + 2, i] * a2
                    + turned[j + 3, i] * a3
                )
            j += 4
        while j < n_full:
            a = rows[k, columns[j]]
            for i in range(m):
                out[k, i] = out[k, i] + turned[j, i] * a
            j += 1
        k += 1
    for k in range(width):
        for n in range(places.shape[0]):
            out[k, places[n, 0]] = out[k, places[n, 0]] + weights[n] * rows[k, places[n, 1]]


@kernel(
    "void(float64[:, :, ::1], boolean[:, :, ::1], float64[:, ::1], float64[:, :, ::1],"
    " float64[:, ::1], int64[::1], int64[:, ::1], float64[::1], float64[::1],"
    " float64[:, ::1], int64[::1], int64[:, ::1], float64[::1], float64[::1],"
    " boolean, int64, int64, int64, int64)"
)
def advance_along_units(
    states, bits, initial, inputs,
    y_turned, y_columns, y_places, y_weights, y_offset,
    z_turned, z_columns, z_places, z_weights, z_offset,
    input_inside, first, last, start, stop,
):  # fmt: skip
    """Fill ``states[first:last, start:stop]`` and the bits that go with them.

    Parameters
    ----------
    states : (batch, T, M) ndarray
        Steps before `start` must be there.
    bits : (batch, T, H) ndarray of bool
    initial : (batch, M) ndarray
    inputs : (batch, T, K) ndarray
    y_turned, y_columns, y_places, y_weights, y_offset : ndarray
        ``y = V z + c + E s`` in rows ``[z; relu(y); s]``: full columns (transposed) and which rows they
        multiply, single entries (row of y, row) with weights, and c.
    z_turned, z_columns, z_places, z_weights, z_offset : ndarray
        The same for the next state.
    input_inside : bool
        Whether E is not zero; then bits are those a step used, else those of the state it led to.
    first, last, start, stop : int
        Ranges of trajectories and of steps.
    """
    m = states.shape[2]
    n_relu = bits.shape[2]
    n_inputs = inputs.shape[2]
    for base in range(first, last, LANES):
        width = min(LANES, last - base)
        rows = np.zeros((width, m + n_relu + n_inputs))
        ys = np.empty((width, n_relu))
        zs = np.empty((width, m))
        for k in range(width):
            for i in range(m):
                rows[k, i] = initial[base + k, i] if start == 0 else states[base + k, start - 1, i]
        # One more round than steps: bits of the last state are known only after it.
        for t in range(start, stop + 1):
            if t < stop:
                for k in range(width):
                    for i in range(n_inputs):
                        rows[k, m + n_relu + i] = inputs[base + k, t, i]
            _multiply_along_units(y_turned, y_columns, y_places, y_weights, y_offset, rows, ys)
            named = t if input_inside else t - 1
            if start <= named < stop:
                for k in range(width):
                    for i in range(n_relu):
                        bits[base + k, named, i] = ys[k, i] > 0.0
            if t == stop:
                break
            for k in range(width):
                for i in range(n_relu):
                    # Written so that NaN stays NaN.
                    rows[k, m + i] = 0.0 if ys[k, i] <= 0.0 else ys[k, i]
            _multiply_along_units(z_turned, z_columns, z_places, z_weights, z_offset, rows, zs)
            for k in range(width):
                for i in range(m):
                    rows[k, i] = zs[k, i]
                    states[base + k, t, i] = zs[k, i]


@kernel(
    "void(float64[:, :, ::1], boolean[:, :, ::1], float64[:, ::1], float64[:, :, ::1],"
    " float64[:, ::1], int64[::1], int64[:, ::1], float64[::1], float64[::1],"
    " float64[:, ::1], int64[::1], int64[:, ::1], float64[::1], float64[::1],"
    " boolean, int64, int64, int64, int64)"
)
def advance_along_batch(
    states, bits, initial, inputs,
    y_full, y_columns, y_places, y_weights, y_offset,
    z_full, z_columns, z_places, z_weights, z_offset,
    input_inside, first, last, start, stop,
):  # fmt: skip
    """The same as :func:`advance_along_units`, its matrices not transposed; `first` to `last` is one block."""
    m = states.shape[2]
    n_relu = bits.shape[2]
    n_inputs = inputs.shape[2]
    width = last - first
    rows = np.zeros((m + n_relu + n_inputs, width))
    ys = np.empty((n_relu, width))
    zs = np.empty((m, width))
    for k in range(width):
        for i in range(m):
            rows[i, k] = initial[first + k, i] if start == 0 else states[first + k, start - 1, i]
    for t in range(start, stop + 1):
        if t < stop:
            for k in range(width):
                for i in range(n_inputs):
                    rows[m + n_relu + i, k] = inputs[first + k, t, i]
        _multiply_along_batch(y_full, y_columns, y_places, y_weights, y_offset, rows, ys)
        named = t if input_inside else t - 1
        if start <= named < stop:
            for k in range(width):
                for i in range(n_relu):
                    bits[first + k, named, i] = ys[i, k] > 0.0
        if t == stop:
            break
        for i in range(n_relu):
            for k in range(width):
                rows[m + i, k] = 0.0 if ys[i, k] <= 0.0 else ys[i, k]
        _multiply_along_batch(z_full, z_columns, z_places, z_weights, z_offset, rows, zs)
        for i in range(m):
            for k in range(width):
                rows[i, k] = zs[i, k]
        for k in range(width):
            for i in range(m):
                states[first + k, t, i] = zs[i, k]
