"""Label selectors, as Kubernetes has them everywhere."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from crossfade.api.base import Model, Rule

LabelKey = Annotated[str, Field(min_length=1, max_length=317)]
LabelValue = Annotated[str, Field(max_length=63)]
EXPRESSIONS_LENGTH: Final = 16
VALUES_LENGTH: Final = 32
LABELS_LENGTH: Final = 16


class Requirement(Model):
    """One demand on one label."""

    rules = (
        Rule(
            cel="(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
            message="In and NotIn need values, Exists and DoesNotExist take none",
            holds=lambda self: (self.operator in {"In", "NotIn"}) == bool(self.values),
        ),
    )

    key: LabelKey
    """Name of the label. Example: `env`."""

    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """`In` or `NotIn` some values, or whether it `Exists` or `DoesNotExist`. What has no such label is not `In` any."""

    values: Annotated[list[LabelValue], Field(max_length=VALUES_LENGTH)] = Field(default_factory=list)
    """The values of `In` and `NotIn`, at most 32. Example: `[production, staging]`."""

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it."""
        if self.operator in {"Exists", "DoesNotExist"}:
            return (self.key in labels) == (self.operator == "Exists")
        return (labels.get(self.key) in self.values) == (self.operator == "In")


class Selector(Model):
    """What labels must be like: all that is said must hold; an empty one selects everything."""

    match_labels: Annotated[dict[str, LabelValue], Field(max_length=LABELS_LENGTH)] = Field(
        default_factory=dict
    )
    """Labels with their values, at most 16. Example: `{env: production}`."""

    match_expressions: Annotated[list[Requirement], Field(max_length=EXPRESSIONS_LENGTH)] = Field(
        default_factory=list
    )
    """Demands on labels, at most 16. Example: `[{key: env, operator: NotIn, values: [dev]}]`."""

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether labels are selected."""
        equal = all(labels.get(key) == value for key, value in self.match_labels.items())
        return equal and all(each.selects(labels) for each in self.match_expressions)


def selects(selector: Selector | None, labels: Mapping[str, str]) -> bool:
    """Whether a selector that may be left out, and then selects everything, selects labels."""
    return selector is None or selector.selects(labels)
