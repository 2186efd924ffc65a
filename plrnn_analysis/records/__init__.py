"""Results as JSON and back, exactly: what the method ``to_json`` writes and :func:`from_json` reads."""

from .base import Recorded
from .decoding import from_json
from .envelope import SCHEMA
from .hints import ComplexArray

__all__ = ["SCHEMA", "ComplexArray", "Recorded", "from_json"]
