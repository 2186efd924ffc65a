"""The steps of all layouts in plain NumPy, from the arrays as they are in the file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Arrays = dict[str, np.ndarray]
Step = Callable[[Arrays, np.ndarray, np.ndarray], np.ndarray]
Activation = Callable[[np.ndarray], np.ndarray]


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0.0)


def al_rnn(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
    rectified = np.concatenate([z[:, :-2], relu(z[:, -2:])], axis=1)
    drive = s @ a["C"].T if "C" in a else 0.0
    return z * a["A"] + rectified @ a["W"].T + a["h"] + drive


def shallow(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
    return z * a["A"] + relu(z @ a["W2"].T + a["h2"]) @ a["W1"].T + a["h1"]


def clipped(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
    hidden = z @ a["W2"].T
    return z * a["A"] + (relu(hidden + a["h2"]) - relu(hidden)) @ a["W1"].T + a["h1"]


def exchanged(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
    return shallow({"A": a["A"], "W1": a["W2"], "W2": a["W1"], "h1": a["h2"], "h2": a["h1"]}, z, s)


def julia_shallow(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
    return shallow({"A": a["A"], "W1": a["W₁"], "W2": a["W₂"], "h1": a["h₁"], "h2": a["h₂"]}, z, s)


def dendrites(
    A: np.ndarray, W: np.ndarray, h: np.ndarray, alphas: np.ndarray, thetas: np.ndarray, z: np.ndarray
) -> np.ndarray:
    bases = sum(alpha * relu(z - thetas[:, b]) for b, alpha in enumerate(alphas))
    return z * A + bases @ W.T + h


def dendritic(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
    return dendrites(a["A"], a["W"], a["h"], a["alphas"], a["thetas"], z)


def julia_dendritic(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
    return dendrites(a["A"], a["W"], a["h"], a["α"], a["H"], z)


def one_matrix(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
    A = np.diag(a["AW"])
    return z * A + relu(z) @ (a["AW"] - np.diag(A)).T + a["h"]


def one_matrix_plus(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
    A = np.diag(a["AW"])
    return dendrites(A, a["AW"] - np.diag(A), a["h"], a["alphas"], -a["thetas"], z)


def one_matrix_minus(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
    A = np.diag(a["AW"])
    return dendrites(A, a["AW"] - np.diag(A), a["h"], a["alphas"], a["thetas"], z)


def thresholds(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
    return z @ a["A"].T + relu(z - a["h"]) @ a["W"].T + s @ a["C"].T


def torch_rnn(end: str = "_l0", W_hh: Callable[[Arrays], np.ndarray] | None = None) -> Step:
    def step(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        hidden = a[f"weight_hh{end}"] if W_hh is None else W_hh(a)
        bias = a[f"bias_ih{end}"] + a[f"bias_hh{end}"]
        return relu(z @ hidden.T + s @ a[f"weight_ih{end}"].T + bias)

    return step


def pruned(a: Arrays) -> np.ndarray:
    return a["weight_hh_l0_orig"] * a["weight_hh_l0_mask"]


def weight_normed(g: str, v: str) -> Callable[[Arrays], np.ndarray]:
    return lambda a: a[g] * a[v] / np.linalg.norm(a[v], axis=1, keepdims=True)


def spectral_normed(original: str, u: str, v: str) -> Callable[[Arrays], np.ndarray]:
    return lambda a: a[original] / (a[u] @ a[original] @ a[v])


def by_names(
    W: str, W_in: str, *biases: str, turned: bool = False
) -> Callable[[Arrays, np.ndarray, np.ndarray], np.ndarray]:
    """The argument of the activation."""

    def drive(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        hidden, inputs = (a[W].T, a[W_in].T) if turned else (a[W], a[W_in])
        return z @ hidden.T + s @ inputs.T + sum(a[name] for name in biases)

    return drive


def layer(drive: Step, phi: Callable[[np.ndarray], np.ndarray] = relu) -> Step:
    return lambda a, z, s: phi(drive(a, z, s))


def rate(drive: Step, alpha: float | str = 0.2, phi: Callable[[np.ndarray], np.ndarray] = relu) -> Step:
    def step(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        leak = a[alpha] if isinstance(alpha, str) else alpha
        return (1.0 - leak) * z + leak * phi(drive(a, z, s))

    return step


def current(drive: Step, alpha: float = 0.2) -> Step:
    return lambda a, z, s: (1.0 - alpha) * z + alpha * drive(a, relu(z), s)


def psychrnn(a: Arrays, z: np.ndarray, s: np.ndarray) -> np.ndarray:
    W = np.abs(a["W_rec"] * a["rec_Connectivity"]) @ np.diag([1.0, 1.0, -1.0])
    W_in = np.abs(a["W_in"] * a["input_Connectivity"])
    return 0.9 * z + 0.1 * (relu(z) @ W.T + s @ W_in.T + a["b_rec"])


def hardtanh(x: np.ndarray) -> np.ndarray:
    return np.clip(x, -1.0, 1.0)
