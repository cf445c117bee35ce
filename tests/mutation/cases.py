"""Each value of each leaf as one case: the spec before, the spec after, and who must refuse it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mutation.bases import BASES, changed, members
from mutation.leaves import Members, leaves, values
from mutation.rows import ROWS, Row
from mutation.seen import Object


@dataclass(frozen=True)
class Case:
    """One change of one field; `says` is a part of what is answered where it is refused."""

    leaf: str
    kind: str
    value: Any
    allowed: bool
    row: Row

    def __str__(self) -> str:
        return f"{self.leaf}: {self.kind}"

    @property
    def before(self) -> Object:
        return BASES[self.row.base]

    @property
    def says(self) -> str:
        return self.row.refused.get(self.kind, "")

    def over(self, spec: Object) -> Object:
        """The spec with this value in it."""
        value = members(self.row.at, self.value.count) if isinstance(self.value, Members) else self.value
        return changed(spec, self.row.at, value)


def cases() -> list[Case]:
    """All of them, in the order of the schema."""
    return [
        Case(leaf.path, each.kind, each.value, each.allowed and each.kind not in ROWS[leaf.path].refused, row)
        for leaf in leaves()
        if (row := ROWS.get(leaf.path)) is not None
        for each in values(leaf)
        if each.kind not in row.left_out
    ]
