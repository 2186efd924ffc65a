"""Names of arrays as every framework writes them, brought into one form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from .contents import Contents

__all__ = ["by_plain_name", "is_other_part", "plain_name"]

# jax.tree_util.keystr writes ['params']['h'] and [0], TensorFlow kernel:0, Haiku rnn/~/linear.
_BRACKETS = re.compile(r"\[['\"]?([^\]'\"]*)['\"]?\]")
_OUTPUT = re.compile(r":\d+$")


def plain_name(name: str) -> str:
    """The name with its parts joined by dots, in compatibility form (NFKC): W₁ is W1.

    Examples
    --------
    >>> plain_name("params/rnn/W₁"), plain_name("['params']['h']['kernel']"), plain_name("rnn/kernel:0")
    ('params.rnn.W1', 'params.h.kernel', 'rnn.kernel')
    """
    text = _OUTPUT.sub("", unicodedata.normalize("NFKC", name))
    text = _BRACKETS.sub(r".\1", text).replace("/", ".")
    return ".".join(part for part in text.split(".") if part not in ("", "~"))


def by_plain_name(contents: Contents) -> Mapping[str, str]:
    """The file's own names by the plain ones.

    Raises
    ------
    CheckpointError
        If two arrays have the same plain name.
    """
    names: dict[str, str] = {}
    for name in contents.entries:
        plain = plain_name(name)
        if plain in names:
            raise contents.error(f"two arrays are both called {plain}: {names[plain]!r} and {name!r}", "Rename one.")
        names[plain] = name
    return names


# Parts of a model, or of its training, that are not the recurrent network; a number may follow.
_OTHER_PARTS = re.compile(
    r"(enc(oder)?|dec(oder)?|readout|out(put)?(_layer|_proj)?|head|mlp|embed(ding)?|obs(ervation)?(_model)?|fc(_?out)?"
    r"|linear(_out)?|lin_out|dense|classifier|h2o(ut(put)?)?|hidden(2|_to_)out(put)?|actor|critic|value|policy"
    r"|optim(i[sz]er)?|(lr_)?sched(uler)?|loss|criterion|task|data(set)?|callbacks?|(build|compile)_config)(_?\d+)?"
    r"|optimi[sz]er_.*|loss_.*"
)


def is_other_part(word: str) -> bool:
    """Whether one part of a name is that of a readout, an encoder, an optimiser, ...

    Examples
    --------
    >>> is_other_part("fc"), is_other_part("optimizer_weights"), is_other_part("layernorm")
    (True, True, False)
    """
    return _OTHER_PARTS.fullmatch(word.lower()) is not None
