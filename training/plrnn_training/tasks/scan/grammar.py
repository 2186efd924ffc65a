"""The SCAN language: every command of its grammar and the actions that it stands for."""

from __future__ import annotations

from functools import cache

from plrnn_analysis._signatures import checked
from plrnn_analysis.errors import ModelError

__all__ = ["ACTIONS", "LONGEST_COMMAND", "LONGEST_OUTPUT", "WORDS", "actions_of", "all_commands"]

_VERBS = {"jump": "I_JUMP", "look": "I_LOOK", "run": "I_RUN", "walk": "I_WALK"}
_TURNS = {"left": "I_TURN_LEFT", "right": "I_TURN_RIGHT"}
_REPEATS = {"twice": 2, "thrice": 3}

#: The words of commands, in the order of the input channels.
WORDS = (*_VERBS, "turn", *_TURNS, "opposite", "around", *_REPEATS, "and", "after")
#: The actions, in the order of the outputs.
ACTIONS = (*_VERBS.values(), *_TURNS.values())
#: Words of the longest command.
LONGEST_COMMAND = 9
#: Actions of the longest output.
LONGEST_OUTPUT = 48


@checked
def actions_of(command: str) -> tuple[str, ...]:
    """The actions that a command stands for.

    Parameters
    ----------
    command : str
        One of the language, such as ``"jump around left twice"``.

    Returns
    -------
    tuple of str

    Raises
    ------
    ModelError
        If it is none.

    Examples
    --------
    >>> actions_of("jump opposite left after walk")
    ('I_WALK', 'I_TURN_LEFT', 'I_TURN_LEFT', 'I_JUMP')

    Notes
    -----
    Source: B. Lake, M. Baroni, ICML 2018, arXiv:1711.00350.
    """
    phrases = _phrases()
    first, connective, second = command, "", ""
    for word in ("and", "after"):
        if not connective:
            first, connective, second = command.partition(f" {word} ")
    if first not in phrases or (connective and second not in phrases):
        raise ModelError(f"{command!r} is no command of SCAN, such as 'jump around left twice and turn right'")
    if not connective:
        return phrases[first]
    return phrases[first] + phrases[second] if connective == " and " else phrases[second] + phrases[first]


@cache
def all_commands() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """All 20,910 commands with their actions, always in the same order.

    Returns
    -------
    tuple of (str, tuple of str)
    """
    phrases = _phrases()
    pairs = [f"{first} {word} {second}" for first in phrases for second in phrases for word in ("and", "after")]
    return tuple((command, actions_of(command)) for command in (*phrases, *pairs))


@cache
def _phrases() -> dict[str, tuple[str, ...]]:
    """The 102 commands without a connective."""
    moves = {verb: (act,) for verb, act in _VERBS.items()}
    for verb, act in (*_VERBS.items(), ("turn", None)):
        done = () if act is None else (act,)
        for side, turn in _TURNS.items():
            moves[f"{verb} {side}"] = (turn, *done)
            moves[f"{verb} opposite {side}"] = (turn, turn, *done)
            moves[f"{verb} around {side}"] = 4 * (turn, *done)
    repeated = {f"{move} {word}": n * actions for move, actions in moves.items() for word, n in _REPEATS.items()}
    return moves | repeated
