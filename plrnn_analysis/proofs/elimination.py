"""Linear equations in whole numbers, solved exactly within a time limit."""

from __future__ import annotations

from collections.abc import Iterator

from flint import fmpq, fmpq_mat, fmpz, fmpz_mat, nmod_mat

from ..engines.budget import Budget

__all__ = ["solution"]

# Up to so many unknowns a solution at once takes a fraction of a second, and is faster than one prime after the other.
AT_ONCE = 48
# Primes are those below this.
LARGEST_PRIME = 1 << 62
# A matrix that is singular modulo so many primes is taken for singular.
SINGULAR = 2


def solution(K: list[list[int]], right: list[list[int]], budget: Budget) -> fmpq_mat | None:
    """The X with ``K X = right``.

    Parameters
    ----------
    K : list of M lists of M int
    right : list of M lists of int
    budget : Budget

    Returns
    -------
    fmpq_mat or None
        None if the budget ended first.

    Raises
    ------
    ZeroDivisionError
        If K is singular, or modulo two primes of 62 bits.

    Notes
    -----
    Units that nothing else reads, as the ReLU units of an AL-RNN, are left for the end: the work goes with the cube of
    the number of the others. Many unknowns are solved for modulo one prime after the other, each of which takes a
    fraction of a second, until Hadamard's bound of the determinants of Cramer's rule is reached.
    """
    m, width = len(K), len(right[0])
    last = [j for j in range(m) if not any(K[i][j] for i in range(m) if i != j)]
    first = [j for j in range(m) if j not in set(last)]
    X: list[list[fmpq]] = [[fmpq(v) for v in row] for row in right]
    if first:
        inner, sides = [[K[i][j] for j in first] for i in first], [right[i] for i in first]
        solved = _by_primes(inner, sides, budget) if len(first) > AT_ONCE else _at_once(inner, sides)
        if solved is None:
            return None
        for i, row in zip(first, solved.tolist(), strict=True):
            X[i] = row
        if last:
            read = fmpq_mat(fmpz_mat([[K[i][j] for j in first] for i in last])) * solved
            for i, row in zip(last, read.tolist(), strict=True):
                X[i] = [a - b for a, b in zip(X[i], row, strict=True)]
    for i in last:
        X[i] = [v / K[i][i] for v in X[i]]
    return fmpq_mat(m, width, [v for row in X for v in row])


def _at_once(K: list[list[int]], right: list[list[int]]) -> fmpq_mat:
    return fmpq_mat(fmpz_mat(K)).solve(fmpq_mat(fmpz_mat(right)))


def _by_primes(K: list[list[int]], right: list[list[int]], budget: Budget) -> fmpq_mat | None:
    m, width = len(K), len(right[0])
    matrix, sides = fmpz_mat(K), fmpz_mat(right)
    bits = _hadamard(K, right)
    # The determinant, and it times the solution, are whole: they are found modulo the product of the primes so far.
    determinant, numerators, modulus, singular = 0, fmpz_mat(m, width), 1, 0
    for prime in _primes():
        if modulus.bit_length() > bits:
            break
        if not budget.take(1):
            return None
        reduced = nmod_mat(matrix, prime)
        value = int(reduced.det())
        if value == 0:
            singular += 1
            if singular == SINGULAR:
                raise ZeroDivisionError
            continue
        inverse = pow(modulus, -1, prime)
        change = (reduced.solve(nmod_mat(sides, prime)) * value - nmod_mat(numerators, prime)) * inverse
        numerators += fmpz_mat(m, width, [int(v) for v in change.entries()]) * modulus
        determinant += modulus * ((value - determinant) * inverse % prime)
        modulus *= prime
    divisor = _balanced(determinant, modulus)
    return fmpq_mat(m, width, [fmpq(_balanced(int(v), modulus), divisor) for v in numerators.entries()])


def _primes() -> Iterator[int]:
    candidate = LARGEST_PRIME
    while True:
        candidate -= 1
        if fmpz(candidate).is_prime():
            yield candidate


def _hadamard(K: list[list[int]], right: list[list[int]]) -> int:
    """More bits than twice the modulus of any determinant of Cramer's rule has."""
    squares = (sum(v * v for v in row) + max(v * v for v in side) for row, side in zip(K, right, strict=True))
    return sum(square.bit_length() + 1 for square in squares) // 2 + 2


def _balanced(value: int, modulus: int) -> int:
    return value - modulus if value > modulus // 2 else value
