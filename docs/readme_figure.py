"""Draw the figure of README: python docs/readme_figure.py."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import plrnn_analysis as pa

HERE = Path(__file__).resolve().parent


def draw() -> Figure:
    """Trials of the flip-flop, and its fixed points, in the plane of two principal components."""
    model = pa.load(HERE / "networks" / "flipflop32.safetensors")
    figure = Figure(figsize=(8.0, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    ax = model.fixed_points().plot(run=model.run(model.trials), ax=figure.subplots())
    handles, labels = ax.get_legend_handles_labels()
    ax.get_legend().remove()
    figure.legend(handles, labels, loc="outside right center", frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    draw().savefig(HERE / "flipflop32.png", dpi=125, metadata={"Software": None})
