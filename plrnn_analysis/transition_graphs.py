"""The type of transition graphs: networkx graphs that say what they hold."""

from __future__ import annotations

from typing import Any

import networkx

from .display.abbreviation import one_line
from .errors import GraphError
from .graph_summary import GraphSummary, summarize_graph
from .hooks import draw

__all__ = ["TransitionGraph"]


class TransitionGraph(networkx.DiGraph):  # type: ignore[misc]  # networkx has no types
    """A :class:`networkx.DiGraph` of subregions, which a notebook shows as its summary.

    Everything that networkx does with graphs it does with this one; copies and subgraphs are of this type too.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> tent.transition_graph(box=1.0)
    <TransitionGraph: 2 subregions in the box of at most 2^1, 4 transitions>
    """

    def summary(self) -> GraphSummary:
        """The subregions in a table, the most visited first; see :func:`plrnn_analysis.graph_summary.summarize_graph`.

        Raises
        ------
        GraphError
            If nodes were added that lack the attributes of subregions.
        """
        return summarize_graph(self)

    def plot(self, **options: Any) -> Any:
        """Draw it; see :func:`plrnn_analysis.plotting.plot_transition_graph`.

        Parameters
        ----------
        **options
            Of that function, such as ``ax``.
        """
        return draw(self, **options)

    @one_line
    def __repr__(self) -> str:
        try:
            return repr(self.summary()).replace("<GraphSummary", "<TransitionGraph")
        except (GraphError, KeyError):  # somebody made another graph of it
            return f"<{self}>"

    def _repr_html_(self) -> str | None:
        """What a notebook shows: that of the summary; none for a graph that lacks the attributes of subregions."""
        try:
            return self.summary()._repr_html_().replace("<b>GraphSummary</b>", "<b>TransitionGraph</b>", 1)
        except (GraphError, KeyError):
            return None
