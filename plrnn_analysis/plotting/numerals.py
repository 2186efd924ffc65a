"""Numbers as texts of figures: those of one axis with the same digits."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

__all__ = ["alike"]

#: Beyond these powers of ten a number is written with an exponent.
SHORTEST, LONGEST = -3, 5


def alike(values: Iterable[float], digits: int = 3, span: float | None = None) -> list[str]:
    """Numbers with equally many decimals.

    Parameters
    ----------
    values : iterable of float
    digits : int, optional
        Of the largest number.
    span : float, optional
        What the digits are counted of instead, such as the length of the axis.

    Returns
    -------
    list of str

    Examples
    --------
    >>> alike([0.5, 12.25, -0.001]), alike([1e7, 2.5e7]), alike([1.0], span=0.01)
    (['0.5', '12.2', '0.0'], ['1.00e+07', '2.50e+07'], ['1.0000'])
    """
    numbers = np.asarray(list(values), dtype=np.float64)
    size = np.max(np.abs(numbers[np.isfinite(numbers)]), initial=0.0) if span is None else span
    power = int(np.floor(np.log10(size))) if size > 0.0 else 0
    if SHORTEST <= power < LONGEST:
        decimals = max(0, digits - 1 - power)
        # Adding zero after rounding leaves no negative zero.
        texts = [f"{round(float(x), decimals) + 0.0:.{decimals}f}" for x in numbers]
    else:
        texts = [f"{x:.{digits - 1}e}" for x in numbers]
    # The sign that axes have.
    return [text.replace("-", "\N{MINUS SIGN}") for text in texts]
