"""Bitcode statistics: what the sequence of visited subregions says, counted and with intervals.

Every function takes a trajectory, or bitcodes or symbols of any other source; see :func:`symbol_sequences`.
"""

from .divergence import DivergenceMatrix, compare_conditions, jensen_shannon
from .entropies import BlockEntropies, BlockEntropy, block_entropies
from .estimates import Estimate
from .information import MutualInformation, mutual_information
from .likeness import GroupLikeness, group_likeness
from .markov import MarkovChain, markov_chain, markov_entropy_rate
from .order import MarkovOrderTest, OrderComparison, markov_order_test
from .sequences import SymbolSequences, symbol_sequences
from .statistics import DwellTime, DwellTimes, Occupancy, SubregionOccupancy, dwell_times, occupancy
from .topological import TopologicalEntropy, topological_entropy
from .words import ForbiddenWord, ForbiddenWords, Words, forbidden_words, word_counts

__all__ = [
    "BlockEntropies",
    "BlockEntropy",
    "DivergenceMatrix",
    "DwellTime",
    "DwellTimes",
    "Estimate",
    "ForbiddenWord",
    "ForbiddenWords",
    "GroupLikeness",
    "MarkovChain",
    "MarkovOrderTest",
    "MutualInformation",
    "Occupancy",
    "OrderComparison",
    "SubregionOccupancy",
    "SymbolSequences",
    "TopologicalEntropy",
    "Words",
    "block_entropies",
    "compare_conditions",
    "dwell_times",
    "forbidden_words",
    "group_likeness",
    "jensen_shannon",
    "markov_chain",
    "markov_entropy_rate",
    "markov_order_test",
    "mutual_information",
    "occupancy",
    "symbol_sequences",
    "topological_entropy",
    "word_counts",
]
