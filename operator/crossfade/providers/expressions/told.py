"""What the other process says of an expression or a document that it cannot use: the end of a sentence."""

from __future__ import annotations


class RefusedExpressionError(Exception):
    """The expression is wrong; says how, and where."""


class UnreadableDocumentError(Exception):
    """The document is no JSON, or too deep."""
