"""JSONPath of RFC 9535, by `jsonpath-rfc9535`: strictly the RFC, so that no path of a user leans on a library's own additions.

(`python-jsonpath`, of the same author, has more releases; its additions would become a part of our API.) A path can take long
(`$..*..*`, a regular expression in a filter), and so is evaluated where that holds nobody up. Only the worker's process imports this.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import Any, Final

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathError, JSONPathQuery

from crossfade.providers.body import UnreadableError, json_of
from crossfade.providers.expressions.told import RefusedExpressionError, UnreadableDocumentError

KEPT: Final = 256
MOST: Final = 1000
"""Values that a path may find."""
LONGEST: Final = 64
"""Characters of a text that is found: enough for a number, or an answer in a word."""


class Paths:
    """Compiles paths, and finds what they lead to."""

    def __init__(self) -> None:
        self._environment = JSONPathEnvironment()
        self._queries: OrderedDict[str, JSONPathQuery] = OrderedDict()

    def compiled(self, path: str) -> bool:
        """True. Raises RefusedExpressionError where it is no path."""
        self._query(path)
        return True

    def find(self, path: str, document: bytes) -> tuple[bool, list[Any]]:
        """Whether several are meant, and the values that a path leads to.

        Values are numbers, short texts, true, false, null; of others what they are, in a list of one text. Several are meant by a
        path that may lead to several, also where it leads to one today, and where an array is, which gives all that is in it.
        """
        query = self._query(path)
        try:
            read = json_of(document)
        except UnreadableError as error:
            raise UnreadableDocumentError(str(error)) from None
        try:
            nodes: list[Any] = [node.value for node in islice(query.finditer(read), MOST + 1)]
        except JSONPathError as error:
            raise RefusedExpressionError(f"cannot be evaluated: {error}") from None
        is_array = len(nodes) == 1 and isinstance(nodes[0], list)
        values: list[Any] = nodes[0] if is_array else nodes
        if len(values) > MOST:
            raise RefusedExpressionError(
                f"leads to more than {MOST} values: write a path that leads to fewer"
            )
        return is_array or not query.singular_query(), [_plain(each) for each in values]

    def _query(self, path: str) -> JSONPathQuery:
        if path not in self._queries:
            self._queries[path] = self._compile(path)
        self._queries.move_to_end(path)
        while len(self._queries) > KEPT:
            self._queries.popitem(last=False)
        return self._queries[path]

    def _compile(self, path: str) -> JSONPathQuery:
        try:
            return self._environment.compile(path)
        except JSONPathError as error:
            at = f"at character {error.token.position()[1] + 1}: " if error.token else ""
            raise RefusedExpressionError(
                f"is no JSONPath {at}{error.args[0] if error.args else ''}".rstrip(": ")
            ) from None


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST else ["a long text"]
    if isinstance(value, dict | list):
        return ["an object" if isinstance(value, dict) else "an array"]
    return value
