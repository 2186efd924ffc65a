"""The words in which results speak: each a string, and a member of one of these enumerations.

A member equals its string: ``point.stability == "saddle"`` and ``point.stability is Stability.SADDLE`` say the same,
and both print, sort, pickle and become JSON as the string.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "Arithmetic",
    "BifurcationKind",
    "CollisionKind",
    "EndKind",
    "Engine",
    "IntersectionKind",
    "MeetingKind",
    "ModeKind",
    "Relation",
    "ReluStatus",
    "Stability",
    "StoppedBy",
]


class _Word(StrEnum):
    """A string that is printed as one, in tables too."""

    def __repr__(self) -> str:
        return repr(self.value)


class Arithmetic(_Word):
    """In which numbers something was proven."""

    #: In none: it is not.
    NOTHING = "nothing"
    #: Intervals that contain the exact numbers.
    BALLS = "balls"
    #: The exact numbers themselves.
    RATIONALS = "rationals"


class StoppedBy(_Word):
    """What ended a search before it had looked at everything."""

    #: Nothing did.
    NOTHING = ""
    #: The budget of nodes of the search tree, ``max_nodes=``.
    MAX_NODES = "max_nodes"
    #: ``time_limit=``.
    TIME_LIMIT = "time_limit"
    #: Ctrl-C, or the executor was shut down.
    INTERRUPT = "interrupt"
    #: The problem needs more memory than a search allows itself.
    MEMORY = "memory"
    #: More candidates than are kept.
    CANDIDATES = "too many candidates"
    #: Something could be decided neither by floats within their error bounds nor exactly.
    NUMERICS = "numerics"
    #: The method asked for cannot prove that it found everything.
    HEURISTIC = "heuristic"
    #: What is claimed holds within a limit that is stated, not without.
    LIMITED = "limited"
    #: ``max_pieces=`` of a manifold.
    MAX_PIECES = "max_pieces"
    #: ``max_size=`` of a manifold.
    MAX_SIZE = "max_size"
    #: ``iterations=`` of a manifold.
    ITERATIONS = "iterations"

    @property
    def reason(self) -> str:
        """The same as a clause; empty where nothing stopped the search."""
        return _REASONS[self]


_REASONS = {
    StoppedBy.NOTHING: "",
    StoppedBy.MAX_NODES: "the node budget ended the search",
    StoppedBy.TIME_LIMIT: "the time limit ended the search",
    StoppedBy.INTERRUPT: "the search was interrupted",
    StoppedBy.MEMORY: "the problem needs more memory than the search allows itself",
    StoppedBy.CANDIDATES: "there are more candidates than the search keeps",
    StoppedBy.NUMERICS: "rounding left some subregions without a verdict",
    StoppedBy.HEURISTIC: "the search was heuristic",
    StoppedBy.LIMITED: "the claim holds within a limit only",
    StoppedBy.MAX_PIECES: "the largest number of pieces was reached",
    StoppedBy.MAX_SIZE: "the largest size was reached",
    StoppedBy.ITERATIONS: "the number of iterations was reached",
}


class Engine(_Word):
    """How a search looked."""

    #: Every pattern, one by one.
    ENUMERATION = "enumeration"
    #: Depth first by Schur elimination, subtrees cut by signs.
    ELIMINATION = "elimination"
    #: Branch and bound with linear programs.
    LINEAR_PROGRAMS = "linear programs"
    #: A proof that there is exactly one fixed point, by monotonicity.
    UNIQUENESS = "uniqueness certificate"
    #: The same by contraction.
    CONTRACTION = "contraction certificate"
    #: Depth first over words whose cells some point of the box follows.
    WORDS = "words in a box"
    #: Guess, solve, read off, repeat; proves nothing.
    SCYFI = "scyfi"
    #: No ReLU: there is one subregion.
    SINGLE_REGION = "single region"


class Stability(_Word):
    """What the multipliers of a fixed point or cycle say of its neighbourhood."""

    #: All moduli below 1, the largest of a real multiplier.
    STABLE_NODE = "stable node"
    #: All moduli below 1, the largest of a complex pair.
    STABLE_SPIRAL = "stable spiral"
    #: Some moduli below 1, some above.
    SADDLE = "saddle"
    #: All moduli above 1, the largest of a real multiplier.
    UNSTABLE_NODE = "unstable node"
    #: All moduli above 1, the largest of a complex pair.
    UNSTABLE_SPIRAL = "unstable spiral"
    #: A multiplier has modulus 1.
    MARGINAL = "marginal"
    #: Neither that nor its opposite could be proved.
    UNDECIDED = "undecided"


class EndKind(_Word):
    """What a trajectory can end in, in the order of a list: the last two are no attractors."""

    #: A stable fixed point, solved exactly.
    FIXED_POINT = "fixed point"
    #: A stable cycle, solved exactly.
    CYCLE = "cycle"
    #: A family of fixed points or cycles that attracts from outside.
    CONTINUUM = "continuum"
    #: It neither contracts nor expands along itself and does not close.
    QUASI_PERIODIC = "quasi-periodic"
    #: Neighbours part exponentially.
    CHAOTIC = "chaotic"
    #: It leaves every bound.
    DIVERGENT = "divergent"
    #: The steps run did not tell; the note says what would.
    UNDECIDED = "undecided"


class ModeKind(_Word):
    """What a mode of a subregion does, by its eigenvalue."""

    #: An eigenvalue of 1: it keeps what is written on it.
    INTEGRATOR = "integrator"
    #: On the unit circle elsewhere: it turns for ever.
    MARGINAL_ROTATION = "marginal rotation"
    #: Positive and below 1.
    DECAYING = "decaying"
    #: Below 1 in modulus, negative or complex.
    OSCILLATING = "oscillating"
    #: Positive and above 1.
    UNSTABLE = "unstable"
    #: Above 1 in modulus, negative or complex.
    UNSTABLE_ROTATION = "unstable rotation"


class CollisionKind(_Word):
    """What happens when a fixed point or cycle meets one boundary, by Feigin's rule."""

    #: One point on each side: it goes on.
    PERSISTENCE = "persistence"
    #: Two points on one side: they meet and vanish.
    NONSMOOTH_FOLD = "nonsmooth fold"
    #: It goes on, and a cycle of twice the period exists on one side.
    PERSISTENCE_AND_CYCLE = "persistence + 2-cycle"
    #: They vanish, and a cycle of twice the period exists on one side.
    NONSMOOTH_FOLD_AND_CYCLE = "nonsmooth fold + 2-cycle"
    #: A multiplier is 1 or -1, so that the rule says nothing.
    DEGENERATE = "degenerate"


class BifurcationKind(_Word):
    """What happens to a fixed point or cycle at a value of a parameter."""

    #: Border collisions, as in :class:`CollisionKind`.
    PERSISTENCE = "persistence"
    NONSMOOTH_FOLD = "nonsmooth fold"
    PERSISTENCE_AND_CYCLE = "persistence + 2-cycle"
    NONSMOOTH_FOLD_AND_CYCLE = "nonsmooth fold + 2-cycle"
    #: A border collision on which Feigin's rule says nothing.
    DEGENERATE_COLLISION = "degenerate border collision"
    #: A multiplier passes -1 inside a subregion: 2-cycles fill a segment at the value itself.
    FLIP = "degenerate flip"
    #: A complex pair passes the unit circle inside a subregion: the point is a centre at the value itself.
    CENTRE = "degenerate Neimark-Sacker"
    #: A multiplier passes 1, and the point goes to infinity.
    INFINITY = "through infinity"
    #: A multiplier passes 1, and a continuum exists at the value itself.
    CONTINUUM = "continuum"


class IntersectionKind(_Word):
    """How a piece of a stable and a piece of an unstable manifold meet."""

    #: They cross inside both.
    TRANSVERSAL = "transversal"
    #: An end of a piece is met, so that the manifolds may only touch.
    KINK = "kink"
    #: They lie in each other.
    OVERLAP = "overlap"


class MeetingKind(_Word):
    """What branches of fixed points do at the boundary of a subregion in an input diagram."""

    #: One branch on each side.
    PERSISTENCE = "persistence"
    #: Two on one side, which meet and vanish.
    NONSMOOTH_FOLD = "nonsmooth fold"
    #: A branch ends in a continuum of fixed points.
    CONTINUUM = "continuum"
    #: Anything else.
    DEGENERATE = "degenerate"


class Relation(_Word):
    """What two networks have in common."""

    #: A change of coordinates turns one into the other.
    CONJUGATE = "conjugate"
    #: The same but for modes that neither a ReLU nor the readout sees.
    SAME_OBSERVABLE_PART = "same observable part"
    #: The same once decaying modes that nothing excites have died out.
    SAME_MINIMAL_PART = "same minimal part"
    #: None of these could be shown.
    DIFFERENT = "different"


class ReluStatus(_Word):
    """What a ReLU does on a domain."""

    #: It writes nothing that is ever read.
    NO_EFFECT = "no effect"
    #: Its argument is proven to be positive everywhere.
    ALWAYS_ON = "always on"
    #: Its argument is proven never to be positive.
    ALWAYS_OFF = "always off"
    #: It is the same as an earlier one, up to a factor.
    MERGED = "merged"
    #: Neither was proven.
    SWITCHES = "switches"
