"""Sentiment: read a text word by word, then say of which class it is."""

from .generated import generated_reviews
from .task import ENTRY, SentimentTask
from .texts import Texts, read_texts

__all__ = ["ENTRY", "SentimentTask", "Texts", "generated_reviews", "read_texts"]
