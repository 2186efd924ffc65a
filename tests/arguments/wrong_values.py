"""What an argument is replaced by, and how a call with it may end."""

from __future__ import annotations

import pathlib
import warnings
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from calls import Call

import plrnn_analysis as pa

__all__ = ["NEVER_NUMBERS", "VALUES", "wrong_answer"]


class Foreign:
    """Something that nothing here knows."""


def frozen(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values


WRONG: dict[str, Any] = {
    "nothing": None,
    "a truth value": True,
    "NumPy's truth value": np.bool_(True),
    "a text": "x",
    "an empty text": "",
    "bytes": b"x",
    "an object": Foreign(),
    "half": 1.5,
    "negative": -1,
    "zero": 0,
    "huge": 10**30,
    "hugely negative": -(10**30),
    "the largest count": 2**62,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "minus infinity": -float("inf"),
    "complex": 1j,
    "an empty list": [],
    "an empty mapping": {},
    "a set": {1},
    "lists of nothing": [[]],
    "a list of NaN": [float("nan")],
    "a mixed list": [1, "a"],
    "an empty array": np.array([]),
    "an array of no axes": np.array(float("nan")),
    "a cube": np.zeros((2, 2, 2)),
    "an array of texts": np.array(["a"]),
    "an array of objects": np.array([None]),
    "a date": np.datetime64("2020"),
    "a path": pathlib.Path("missing-directory") / "x",
    "a mapping": {"a": 1},
    "masked": np.ma.masked_array([1.0, 2.0], [False, True]),
}
# Unusual forms of what may be meant: taken, or refused like anything else.
FORMS: dict[str, Any] = {
    "single precision": np.float32(1),
    "a small integer": np.int8(1),
    "columns first": np.asfortranarray(np.eye(2)),
    "big-endian": np.eye(2, dtype=">f8"),
    "read-only": frozen(np.eye(2)),
    "a tuple": (1, 2),
}
VALUES = WRONG | FORMS

NEVER_NUMBERS = ("nothing", "a text", "bytes", "an object", "NaN", "complex", "an empty list", "a mapping", "a date")


def wrong_answer(call: Call, name: str, value: Any) -> str:
    """How a call with one argument replaced ends, where that is neither a result nor an error of ours."""
    try:
        with warnings.catch_warnings():
            # A function that is to be told of progress and fails is a warning by design.
            warnings.filterwarnings("ignore", message=".*progress", category=RuntimeWarning)
            call(**{name: value})
    except pa.PLRNNError as error:
        return "" if str(error) else "an error without a message"
    except OSError as error:
        return "" if name in ("path", "directory") else repr(error)
    except Exception as error:
        return repr(error)
    finally:
        plt.close("all")
    return ""
