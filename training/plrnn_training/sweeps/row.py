"""What came of one model of a sweep."""

from __future__ import annotations

from dataclasses import dataclass, field

from plrnn_analysis._frozen import Frozen

__all__ = ["SweepRow", "label"]


#: Names that are abbreviations.
ABBREVIATIONS = {"al_rnn": "AL-RNN", "gru": "GRU", "lru": "LRU", "lstm": "LSTM", "rnn": "RNN"}


def label(name: str) -> str:
    """The name of a model, a variant or a score as figures and tables print it.

    Examples
    --------
    >>> label("al_rnn"), label("bag_of_words"), label("gru")
    ('AL-RNN', 'bag of words', 'GRU')
    """
    return ABBREVIATIONS.get(name, name.replace("_", " "))


@dataclass(frozen=True, eq=False)
class SweepRow(Frozen):
    """One model of a sweep.

    Attributes
    ----------
    task, variant : str
    model : str
        Architecture: ``"al_rnn"``, or the name of a baseline.
    pwl_units : int or None
        P; None for baselines.
    seed : int
    samples : int or None
        Size of the fixed set of trials it was trained on; None where trials were drawn as the task draws them.
    lr : float
        Learning rate.
    metric : str
        What the scores measure.
    score, validation, loss : float
        On the test trials; the score on the validation trials, for choosing among models; the loss on the test trials.
    floor : float or None
        What the best affine predictor scores, see :class:`plrnn_training.floors.Floor`.
    chance : float or None
        The score of an answer that does not look at the inputs.
    iterations : int
        Of training; of the weights that were kept, where the best ones were.
    reinitialised : int
        How often it diverged and was started again.
    seconds : float
        Of training: its share of the time that its chunk took.
    checkpoint : str
        The file of the network relative to the directory of the sweep; of the first network inside, where the model has
        several; the bare weights of a baseline that cannot be analysed.
    conditions : dict of str to float
        Score by kind of trial, and the task's further scores.
    """

    task: str
    variant: str
    model: str
    pwl_units: int | None
    seed: int
    samples: int | None
    lr: float
    metric: str
    score: float
    validation: float
    loss: float
    floor: float | None
    chance: float | None
    iterations: int
    reinitialised: int
    seconds: float
    checkpoint: str
    conditions: dict[str, float] = field(default_factory=dict)
