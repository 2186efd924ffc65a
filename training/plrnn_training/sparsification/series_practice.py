"""Networks trained on a time series by teacher forcing, as they were fitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN
from plrnn_analysis.reconstruction import state_space_divergence

from ..fitting.baselines import persistence
from ..fitting.conversion import Given, own_standardisation
from ..fitting.fitter import Fitter
from ..fitting.measures import CHOICE_STEPS, free_runs, run_beside
from ..fitting.members import FitMember
from ..fitting.recipe import FEW_RELUS, FitRecipe, intervals
from ..fitting.series import Series, decorrelation_time, split, together
from ..fitting.windows import Standardisation
from .practice import Practice, Say, State, states_on_the_way
from .replacing import Visited
from .settings import SparsifySettings

__all__ = ["SeriesPractice"]

BATCH, WINDOW = 16, 200
# Shares of the data as in a fit: for the score that is reported, and for the one by which branches are chosen.
HELD_OUT, VALIDATION = 0.2, 0.1
# Steps of free runs whose states count as visited.
STEPS = 4000
# What is taken over from the record of the fit.
RECORDED = ("noise", "tau", "regularised_units")


class SeriesPractice(Practice):
    """Trains on windows of a series.

    Parameters
    ----------
    network : PLRNN
        The original, an AL-RNN with a diagonal A. Where it was fitted by us, the forcing is that of its fit.
    series : Series
    settings : SparsifySettings
    device : torch.device or str

    Raises
    ------
    ModelError
        If the network does not fit the data.
    """

    name, score_name, init = "series", "D_stsp", "data_gates"

    def __init__(
        self, network: PLRNN, series: Series, settings: SparsifySettings, device: torch.device | str = "cpu"
    ) -> None:
        if (series.n_inputs, series.n_channels) != (network.n_inputs, network.n_outputs):
            raise ModelError(
                f"the network has {network.n_inputs} inputs and {network.n_outputs} outputs, the series "
                f"{count_words(series.n_inputs, 'input')} and {count_words(series.n_channels, 'channel')}"
            )
        if settings.compare_init not in (None, self.init):
            raise ModelError(f"networks from scratch begin at {self.init} on a series, not at {settings.compare_init}")
        self._settings, self._device = settings, device
        self._data = split(series, HELD_OUT, VALIDATION)
        self._seen = together(self._data.training, self._data.validation)
        Given.of(network, own_standardisation(network, Standardisation.of(self._data.training)))  # refuses early
        self._n_units = network.n_units
        trained = network.training
        self._interval, self._alpha = trained.get("interval"), trained.get("alpha")
        self._forced = {name: trained[name] for name in RECORDED if name in trained}
        self._memory = decorrelation_time(self._data.training)
        self.chance = self.score(persistence(self._data.training))

    def visited(self, network: PLRNN) -> Visited:
        """States of free runs beside the data."""
        run, _ = run_beside(network, self._seen, STEPS, self._gain)
        before = np.concatenate([run.initial[:, None], run.states[:, :-1]], axis=1)
        inputs = np.zeros((*before.shape[:2], 0)) if run.inputs is None else run.inputs
        kept = np.isfinite(before).all(axis=2)
        return Visited(before[kept], inputs[kept])

    def score(self, network: PLRNN) -> float:
        """Divergence of free runs from training and validation data."""
        return self._divergence(network, self._seen)

    def test_score(self, network: PLRNN) -> float:
        """The same from the data held out."""
        return self._divergence(network, self._data.held_out)

    def train(self, networks: Sequence[PLRNN], what: str, say: Say) -> list[list[State]]:
        """Teacher forcing with a falling learning rate."""
        recipe = self._recipe(self._settings.iterations, lr=self._settings.lr, hold=0.3, final_lr=0.03)
        members = [self._member(networks[0].pwl_units, self._settings.seed) for _ in networks]
        fitter = Fitter(self._data, members, self._n_units, recipe, self._device, networks=networks)
        return self._states(fitter, what, say)

    def train_new(
        self, pwl_units: int, seeds: Sequence[int], iterations: int, what: str, say: Say
    ) -> list[list[State]]:
        """A fit from scratch."""
        members = [self._member(pwl_units, seed) for seed in seeds]
        fitter = Fitter(self._data, members, self._n_units, self._recipe(iterations), self._device)
        return self._states(fitter, what, say)

    @property
    def _gain(self) -> float:
        return 1.0 if self._alpha is None else float(self._alpha)

    def _divergence(self, network: PLRNN, series: Series) -> float:
        runs = free_runs(network, series, CHOICE_STEPS, self._gain)
        return state_space_divergence(list(runs.data), list(runs.generated))

    def _recipe(self, iterations: int, **steps: Any) -> FitRecipe:
        s = self._settings
        forcing = "sparse" if self._alpha is None else "generalised"
        return FitRecipe(
            iterations=iterations, batch=s.batch or BATCH, window=s.window or WINDOW, forcing=forcing, evaluations=1,
            **self._forced, **steps,
        )  # fmt: skip

    def _member(self, pwl_units: int, seed: int) -> FitMember:
        if self._alpha is not None:
            return FitMember(pwl_units, seed, alpha=self._alpha)
        tried = intervals(pwl_units, self._memory, self._settings.window or WINDOW)
        interval = tried[len(tried) // 2] if self._interval is None else int(self._interval)
        # With few ReLUs a fit at a short interval is good for one step and bad for a free run.
        return FitMember(pwl_units, seed, interval=max(interval, tried[0]) if pwl_units <= FEW_RELUS else interval)

    def _states(self, fitter: Fitter, what: str, say: Say) -> list[list[State]]:
        def look() -> list[tuple[PLRNN, float]]:
            networks = [fitter.network(i, best=False) for i in range(len(fitter.members))]
            return [(network, self.score(network)) for network in networks]

        return states_on_the_way(fitter, look, what, say)
