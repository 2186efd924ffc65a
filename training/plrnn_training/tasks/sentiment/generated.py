"""Generated reviews: a grammar of sentiment with negation and "but", for when no real texts are at hand."""

from __future__ import annotations

from random import Random

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole

__all__ = ["generated_reviews"]

_PRAISE = ("good", "great", "charming", "funny", "clever", "moving", "brilliant", "lovely")
_BLAME = ("bad", "awful", "boring", "clumsy", "dull", "silly", "weak", "ugly")
_NEGATIONS = ("not", "never", "hardly")
_INTENSIFIERS = ("very", "really")
_NEUTRAL = (
    *("the", "a", "this", "film", "plot", "story", "cast", "music", "scene", "actor", "camera", "script", "was", "is"),
    *("seems", "with", "of", "in", "here", "there", "again", "then", "and", "also", "first", "last", "second", "part"),
)
_CLAUSES = (2, 8)
_WORDS_BETWEEN = (1, 5)
_NEGATED = 0.45
_INTENSIFIED = 0.3
_TURNED = 0.5
_CLEAR = 3


@checked
def generated_reviews(n: int, seed: int) -> tuple[list[str], list[int]]:
    """Reviews of a made-up language, and whether they praise.

    A review has 2 to 8 clauses: 1 to 5 neutral words, then an adjective, negated in 9 of 20 and intensified in 3 of 10.
    A clause counts 1, or 2 if intensified, with the sign of its adjective, which a negation turns. In half of the
    reviews a clause after the first begins with "but" and counts double. The label is the sign of the sum; only reviews
    whose sum is at least 3 on either side are drawn.

    Parameters
    ----------
    n : int
        How many.
    seed : int
        The same seed gives the same reviews on every machine.

    Returns
    -------
    list of str, list of int
        Texts, and 1 for praise or 0 for blame.

    Examples
    --------
    >>> texts, labels = generated_reviews(2, seed=0)
    >>> len(texts), set(labels) <= {0, 1}
    (2, True)
    """
    whole("n", n, 1)
    random = Random(whole("seed", seed, 0))
    texts: list[str] = []
    labels: list[int] = []
    while len(texts) < n:
        text, balance = _review(random)
        if abs(balance) >= _CLEAR:
            texts.append(text)
            labels.append(int(balance > 0))
    return texts, labels


def _review(random: Random) -> tuple[str, int]:
    clauses = random.randint(*_CLAUSES)
    turn = random.randrange(1, clauses) if random.random() < _TURNED else None
    words: list[str] = []
    balance = 0
    for clause in range(clauses):
        if clause == turn:
            words.append("but")
        words += random.choices(_NEUTRAL, k=random.randint(*_WORDS_BETWEEN))
        count = 2 if clause == turn else 1
        if random.random() < _NEGATED:
            words.append(random.choice(_NEGATIONS))
            count = -count
        if random.random() < _INTENSIFIED:
            words.append(random.choice(_INTENSIFIERS))
            count *= 2
        praises = random.random() < 0.5
        words.append(random.choice(_PRAISE if praises else _BLAME))
        balance += count if praises else -count
    return " ".join(words), balance
