"""Sequential digits: an image arrives row by row or pixel by pixel, and its class is wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import one_of

from ..floors import Floor, logistic_floor
from ..recipe import Recipe
from .base import Batch
from .entry import PAPER, Setting, TaskEntry
from .fingerprint import fingerprint
from .images import Images, read_images
from .labelled import LabelledSequences

__all__ = ["ENTRY", "DigitsTask"]


@checked
class DigitsTask(LabelledSequences):
    """Say what an image shows after its last row or pixel.

    Parameters
    ----------
    images : Images
        See :func:`plrnn_training.tasks.images.read_images`.
    order : str, optional
        ``"row"``: a row of the image is the input of a step; ``"pixel"``: the rows one after another, a pixel a step.
    validation, test : float, optional
        Shares of the images of every class that are held out. Images that the data set itself sets apart are the test
        instead.

    Attributes
    ----------
    parts : dict of str to (n,) Tensor of int
        Which images are ``"training"``, ``"validation"`` and ``"test"``. The split does not depend on the seed.
    chance : float
        The share among the test images of the class that is most frequent in training.

    Raises
    ------
    ModelError
        On a setting out of range, or if a class has too few images to be split.

    Notes
    -----
    Source: Le, Jaitly & Hinton, 2015, arXiv:1504.00941. A network without ReLU has a linear map of the whole image in
    its last state: it can be as good as logistic regression, which is what :meth:`affine_floor` computes.
    """

    scored_steps = 1

    def __init__(self, images: Images, order: str = "row", *, validation: float = 0.1, test: float = 0.2) -> None:
        self.order = one_of("order", order, ("row", "pixel"))
        self._shares, self._images = [validation, test], images
        height, width = images.pixels.shape[1:]
        self.input_names = tuple(f"column {j + 1}" for j in range(width)) if order == "row" else ("pixel",)
        self.probes = {"black": (0.0,) * len(self.input_names)}
        inputs = torch.from_numpy(images.pixels)
        if order == "pixel":
            inputs = inputs.reshape(-1, height * width, 1)
        labels = torch.from_numpy(np.asarray(images.labels, dtype=np.int64))
        lengths = torch.full((len(labels),), inputs.shape[1])
        apart = None if images.test is None else images.test.tolist()
        super().__init__(
            "digits", inputs, lengths, labels, images.classes, apart, validation=validation, test=test, what="images"
        )

    def affine_floor(self) -> Floor:
        """Logistic regression on the whole image, see :func:`plrnn_training.floors.logistic_floor`."""

        def part(name: str) -> tuple[np.ndarray, np.ndarray]:
            rows = self.parts[name]
            return self._inputs[rows].flatten(1).numpy(), self._labels[rows].numpy()

        classes = self.output_names
        return logistic_floor(part("training"), part("validation"), part("test"), len(classes), classes)

    def metadata(self) -> dict[str, Any]:
        """Task name, where the images come from, a fingerprint of them, order and held-out shares."""
        return {
            "task": self.name,
            "images": self._images.name,
            "data": fingerprint(self._images.pixels, self._images.labels),
            "order": self.order,
            "held_out": self._shares,
        }

    def _take(self, rows: Tensor) -> Batch:
        labels = self._labels[rows]
        return Batch(self._inputs[rows], labels[:, None], conditions=labels)


_RECIPE = Recipe(iterations=1000, lr=5e-3, curriculum=0.0, init="orthogonal")

ENTRY = TaskEntry(
    name="digits",
    summary="An image arrives row by row or pixel by pixel; answer with its class.",
    variants=("row", "pixel"),
    takes_data=True,
    build=lambda variant, data: DigitsTask(read_images(data), variant),
    settings={
        "default": Setting(40, (0, 1, 2, 5, 10, 20, 40), replace(_RECIPE, iterations=3000)),
        "quick": Setting(40, (0, 2, 5, 10), _RECIPE, seeds=3),
        # A hundred passes over the 60,000 images of MNIST.
        "paper": Setting(
            100,
            (0, 1, 2, 5, 10, 20, 50, 100),
            replace(
                PAPER,
                iterations=94_000,
                clip=5.0,
                hold=0.0,
                final_lr=0.0,
                regularised_units=50,
                readout_bias=True,
                initial_state=64**-0.5,
            ),
        ),
    },
)
