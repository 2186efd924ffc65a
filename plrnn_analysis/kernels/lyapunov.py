"""Tangent vectors carried along a trajectory, and orthonormalised as rarely as accuracy allows.

A basis is kept as rows, so that a step is one product ``Q <- Q J'`` with the transposed Jacobian of the subregion.
The caller lists the Jacobians of all subregions on the way and gives each step the number of its own.
"""

import numpy as np

from ..numerics import EPS
from ._jit import kernel

__all__ = ["advance_bases", "advance_vectors"]

# Rows orthogonalised against all earlier ones by one matrix product.
PANEL = 8
# Longest interval between two orthonormalisations.
LONGEST = 64
# Orthonormalisations that must go well before the interval grows again.
PATIENCE = 256


@kernel("float64(float64[::1], float64[::1])")
def _inner(a, b):
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    n = a.shape[0]
    i = 0
    while i + 4 <= n:
        s0 += a[i] * b[i]
        s1 += a[i + 1] * b[i + 1]
        s2 += a[i + 2] * b[i + 2]
        s3 += a[i + 3] * b[i + 3]
        i += 4
    while i < n:
        s0 += a[i] * b[i]
        i += 1
    return (s0 + s1) + (s2 + s3)


@kernel("float64(float64[::1])")
def _length(a):
    """Euclidean length, without overflow or underflow of squares."""
    squares = _inner(a, a)
    if 1e-280 < squares < 1e280:
        return np.sqrt(squares)
    largest = np.max(np.abs(a))
    if not 0.0 < largest < np.inf:
        return largest
    total = 0.0
    for value in a:
        total += (value / largest) ** 2
    return largest * np.sqrt(total)


@kernel("int64(float64[:, ::1], int64, float64[:, ::1], float64[::1], float64[::1], float64[:, ::1])")
def _orthonormalise(rows, count, out, norms, lengths, panel):
    """Gram-Schmidt, each projection done twice, in panels; returns how many rows of `out` are filled.

    `lengths` receives the length of each row given, `norms` the diagonal of R in units of it. Rows whose rest is
    within rounding of their length get norm 0 and no row of `out`.
    """
    m = rows.shape[1]
    live = 0
    start = 0
    while start < count:
        stop = min(start + PANEL, count)
        width = stop - start
        for r in range(width):
            lengths[start + r] = _length(rows[start + r])
            for i in range(m):
                panel[r, i] = rows[start + r, i] / lengths[start + r] if lengths[start + r] > 0.0 else 0.0
        before = live
        if before > 0:
            for _ in range(2):
                change = np.dot(np.dot(panel[:width], out[:before].T), out[:before])
                for r in range(width):
                    for i in range(m):
                        panel[r, i] -= change[r, i]
        for r in range(width):
            for _ in range(2):
                for j in range(before, live):
                    s = _inner(panel[r], out[j])
                    for i in range(m):
                        panel[r, i] -= s * out[j, i]
            rest = np.sqrt(_inner(panel[r], panel[r]))
            if not rest > 4.0 * EPS * m:
                norms[start + r] = 0.0
                continue
            for i in range(m):
                out[live, i] = panel[r, i] / rest
            if rest < 0.1:
                # What was projected out of a short rest left rounding of its own size.
                for j in range(live):
                    s = _inner(out[live], out[j])
                    for i in range(m):
                        out[live, i] -= s * out[j, i]
                again = np.sqrt(_inner(out[live], out[live]))
                for i in range(m):
                    out[live, i] /= again
            norms[start + r] = rest
            live += 1
        start = stop
    return live


@kernel(
    "void(float64[:, :, ::1], float64[::1], int64[:, ::1], float64[::1], float64[:, :, ::1], int64[::1], int64[:, ::1],"
    " int64[::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], float64, int64, int64)"
)
def advance_bases(
    turned, volumes, regions, weights, bases, live, columns, interval, sums, plain, report, limit, first, last
):  # fmt: skip
    """Carry a basis along each of some trajectories and add up the logarithms of its growth.

    Parameters
    ----------
    turned : (U, M, M) ndarray
        Transposed Jacobians.
    volumes : (U,) ndarray
        log |det| of each; minus infinity where singular.
    regions : (n, T) ndarray of int
        Which Jacobian each step has.
    weights : (T,) ndarray
        Of each step in the average.
    bases : (n, N, M) ndarray
        Orthonormal rows, updated; the first `live` of them count.
    live : (n,) ndarray of int
        Updated: rows that fall to zero are taken out.
    columns : (n, N) ndarray of int
        Which of the sums each live row belongs to; updated.
    interval : (n,) ndarray of int
        Steps to the next orthonormalisation; updated.
    sums, plain : (n, N) ndarray
        Added to: logarithms with weights, and without.
    report : (n, 3) ndarray
        Added to: orthonormalisations, estimated relative errors of R summed over them, weighted sum of `volumes`.
    limit : float
        Longest length of a product's row in units of its diagonal element in R that is accurate enough.
    first, last : int
        Which trajectories.
    """
    n_vectors, m = bases.shape[1], bases.shape[2]
    steps = regions.shape[1]
    one = np.empty((n_vectors, m))
    two = np.empty((n_vectors, m))
    out = np.empty((n_vectors, m))
    panel = np.empty((PANEL, m))
    norms = np.empty(n_vectors)
    lengths = np.empty(n_vectors)
    for b in range(first, last):
        t = 0
        wanted = interval[b]
        good = 0
        while t < steps and live[b] > 0:
            k = min(wanted, steps - t)
            count = live[b]
            while True:
                one[:count] = bases[b, :count]
                for s in range(k):
                    np.dot(one[:count], turned[regions[b, t + s]], two[:count])
                    one, two = two, one
                kept = _orthonormalise(one, count, out, norms, lengths, panel)
                worst = 1.0
                fallen = False
                for i in range(count):
                    if norms[i] == 0.0 or not lengths[i] < 1e300:
                        fallen = True
                    elif 1.0 / norms[i] > worst:
                        worst = 1.0 / norms[i]
                if k == 1 or (not fallen and worst <= limit):
                    break
                k = max(1, k // 2)
            weight = 0.0
            volume = 0.0
            for s in range(k):
                weight += weights[t + s]
                volume += volumes[regions[b, t + s]]
            weight /= k
            if weight > 0.0:
                report[b, 2] += weight * volume
            place = 0
            for i in range(count):
                column = columns[b, i]
                if norms[i] > 0.0:
                    growth = np.log(lengths[i]) + np.log(norms[i])
                    sums[b, column] += weight * growth
                    plain[b, column] += growth
                    columns[b, place] = column
                    place += 1
                else:
                    sums[b, column] = -np.inf
                    plain[b, column] = -np.inf
            bases[b, :kept] = out[:kept]
            live[b] = kept
            report[b, 0] += 1.0
            report[b, 1] += 4.0 * EPS * np.sqrt(m) * worst
            # The next interval. It should vary little: the weights of a smooth average are per interval.
            if k < wanted and k < steps - t:
                wanted -= 1
                good = -PATIENCE
            elif k == wanted:
                good += 1
                reach = LONGEST
                if worst > 2.0:
                    reach = int(k * np.log(0.1 * limit) / np.log(worst))
                if reach > k and good > 0:
                    wanted = min(LONGEST, reach, 2 * k)
            t += k
        interval[b] = wanted


@kernel(
    "void(float64[:, :, ::1], int64[:, ::1], float64[::1], float64[:, ::1], int64[::1],"
    " float64[::1], float64[::1], int64, int64, int64)"
)
def advance_vectors(turned, regions, weights, vectors, live, sums, plain, interval, first, last):
    """The same for a single tangent vector of each trajectory, made of length one every `interval` steps."""
    m = vectors.shape[1]
    steps = regions.shape[1]
    q = np.empty(m)
    y = np.empty(m)
    for b in range(first, last):
        t = 0
        while t < steps and live[b] == 1:
            k = min(interval, steps - t)
            while True:
                q[:] = vectors[b]
                for s in range(k):
                    J = turned[regions[b, t + s]]
                    for i in range(m):
                        y[i] = 0.0
                    j = 0
                    while j + 4 <= m:
                        q0, q1, q2, q3 = q[j], q[j + 1], q[j + 2], q[j + 3]
                        for i in range(m):
                            y[i] += q0 * J[j, i] + q1 * J[j + 1, i] + q2 * J[j + 2, i] + q3 * J[j + 3, i]
                        j += 4
                    while j < m:
                        q0 = q[j]
                        for i in range(m):
                            y[i] += q0 * J[j, i]
                        j += 1
                    q, y = y, q
                length = _length(q)
                if k == 1 or 1e-12 < length < 1e300:
                    break
                k = max(1, k // 4)
            if not length > 0.0:
                live[b] = 0
                sums[b] = -np.inf
                plain[b] = -np.inf
                break
            weight = 0.0
            for s in range(k):
                weight += weights[t + s]
            growth = np.log(length)
            sums[b] += weight / k * growth
            plain[b] += growth
            for i in range(m):
                vectors[b, i] = q[i] / length
            t += k
