"""What every model of the API shares: names on the wire, strictness, rules, and the small types."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import CoreSchema, no_info_plain_validator_function

from crossfade.api.printable import printable

RULES: Final = "x-kubernetes-validations"
WEEK_SECONDS: Final = 7 * 24 * 3600
MAX_REPLICAS: Final = 10_000
MESSAGE_LENGTH: Final = 2048


@dataclass(frozen=True)
class Rule:
    """One promise about several fields, said twice: in CEL for the API server, in Python for `crossfade plan -f`.

    `message` says what to write instead. `field` is the path below the model, in wire names, that the error is shown
    at. `holds` is None where Python needs none: for a field that pydantic demands anyway, and for a transition rule,
    which only the API server can check, since it needs the old object.
    """

    cel: str
    message: str
    holds: Callable[[Any], bool] | None = None
    field: tuple[str, ...] = ()

    def schema(self) -> dict[str, str]:
        """Give the rule as an entry of `x-kubernetes-validations`."""
        path = {"fieldPath": "".join(f".{name}" for name in self.field)} if self.field else {}
        return {"rule": self.cel, "message": self.message, **path}

    def error(self) -> PydanticCustomError:
        """Give the rule's message as an error of pydantic."""
        return PydanticCustomError("rule", self.message)


class Model(BaseModel):
    """A frozen value with camelCase names on the wire and snake_case names in Python.

    `X.model_validate(obj)` reads a stored object and ignores fields it does not know, so that an older operator can
    read what a newer one stored; `strict.parse_strict(X, obj)` reads what a person wrote. Types are never converted:
    `"5"` is not a number here, since it is none to the API server.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
    )

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: object) -> object:
        """Do as the API server does, which takes a null for a field that was left out."""
        return (
            {key: item for key, item in value.items() if item is not None}
            if isinstance(value, dict)
            else value
        )

    @model_validator(mode="after")
    def _obey_rules(self) -> Self:
        broken = [rule for rule in self.rules if rule.holds is not None and not rule.holds(self)]
        if broken:
            errors = [InitErrorDetails(type=rule.error(), loc=rule.field, input=self) for rule in broken]
            raise ValidationError.from_exception_data(type(self).__name__, errors)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Add the rules of the class to its schema."""
        schema = handler(core_schema)
        if cls.rules:
            handler.resolve_ref_schema(schema)[RULES] = [rule.schema() for rule in cls.rules]
        return schema

    def to_wire(self) -> dict[str, Any]:
        """Give the object as the API server knows it: camelCase names, and no field that is None."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


@dataclass(frozen=True)
class IntOrString:
    """Accept a whole number from `minimum` to `maximum`, or a string that matches `pattern`.

    One check for both forms, so that a wrong value gives one error, which says `expected`.
    """

    minimum: int
    maximum: int
    pattern: str
    max_length: int
    expected: str

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace pydantic's union, which would report each form apart."""
        return no_info_plain_validator_function(self._accept)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Give the two forms, which the converter joins to `x-kubernetes-int-or-string`."""
        number = {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}
        text = {"type": "string", "pattern": self.pattern, "maxLength": self.max_length}
        return {"anyOf": [number, text]}

    def _accept(self, value: object) -> int | str:
        if isinstance(value, int) and not isinstance(value, bool) and self.minimum <= value <= self.maximum:
            return value
        if isinstance(value, str) and len(value) <= self.max_length and re.fullmatch(self.pattern, value):
            return value
        raise PydanticCustomError("int_or_string", "must be {expected}", {"expected": self.expected})


ONE_DECIMAL: Final = "write a weight with at most one decimal, for example 12.5"


def whole(value: float) -> int | float:
    """Give a number without decimals as an int, as it is written."""
    return int(value) if value == int(value) else value


@dataclass(frozen=True)
class Percent:
    """Accept a number from 0 to 100; one that is `asked` for is above 0 and has one decimal at most.

    A whole number stays an int in Python and on the wire, as older operators write and read it; `5.0` becomes `5`, as in
    Go's JSON. What is stored is read whatever its decimals are: a status must never stop a pass.
    """

    asked: bool = False

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace pydantic's union, which would report each form apart."""
        return no_info_plain_validator_function(self._accept)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Give a number with bounds, and the rule about decimals.

        Not `minimum: 0.1`: the API server takes a whole 0 for no less (it cuts the bound's decimals off, seen on 1.36).
        CEL gets a double, also for a whole number. `k / 10.0` is exactly the double that the text of k tenths is read
        as, for every k from 1 to 1000, and no other number passes.
        """
        if not self.asked:
            return {"type": "number", "minimum": 0, "maximum": 100}
        rule = {"rule": "double(int(self * 10.0 + 0.5)) / 10.0 == self", "message": ONE_DECIMAL}
        return {"type": "number", "exclusiveMinimum": 0, "maximum": 100, RULES: [rule]}

    def _accept(self, value: object) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise PydanticCustomError("number", "must be a number, not {given}", {"given": repr(value)})
        if self.asked and value == 0:
            raise PydanticCustomError("too_small", "must be above 0: leave it out, and write match or mirror")
        if not 0 <= value <= 100:  # nor is what is no number
            raise PydanticCustomError("range", "must be from 0 to 100, not {given}", {"given": value})
        if self.asked and round(value * 10) / 10 != value:
            raise PydanticCustomError("rule", ONE_DECIMAL)
        return whole(value)


def _clip(value: Any) -> Any:
    """Make what we write into a status harmless and short: half of it is others' words.

    Nobody's reason, nobody's last log line commands the terminal that shows it; and a long message of the API server
    must never fail the status.
    """
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"{text[: MESSAGE_LENGTH - 1]}…" if len(text) > MESSAGE_LENGTH else text


def harmless(length: int) -> BeforeValidator:
    """Read a text of others made harmless, in as many characters as it may have; what is too long stays so, and is refused."""

    def read(value: Any) -> Any:
        fits = isinstance(value, str) and len(value) <= length
        return printable(value)[:length] if fits else value

    return BeforeValidator(read)


def list_map(*keys: str) -> dict[str, JsonValue]:
    """Give the `json_schema_extra` of a list whose items are told apart by `keys`, so that writers share it."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


Name = Annotated[str, Field(max_length=63)]
Message = Annotated[
    str,
    BeforeValidator(_clip),
    Field(max_length=MESSAGE_LENGTH),
    PlainSerializer(_clip, return_type=str),  # what is put together in code is validated by nobody
]
_YEARS = "(19[7-9][0-9]|2[0-9]{3})"
_CLOCK = r"T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
_TIME = f"^{_YEARS}-[0-9]{{2}}-[0-9]{{2}}{_CLOCK}$"


def _is_moment(text: str) -> str:
    """Refuse what `datetime.fromisoformat` does not read as a moment: a pattern knows no calendar."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("time", "must be a time like 2026-01-31T12:00:00Z") from None
    return text


Time = Annotated[
    str,
    Field(pattern=_TIME, max_length=35),
    AfterValidator(_is_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _TIME, "maxLength": 35}),
]
"""A moment from 1970 to 2999, with its offset: one that can be read, compared, and counted from."""

Duration = Annotated[float, Field(ge=0, le=100_000_000_000)]
"""Seconds between any two moments that can be read: there are 32 thousand million."""

Revision = Annotated[str, Field(max_length=63, pattern="^[a-z0-9]*$")]
"""A revision's hash: part of a Deployment's name and the value of a label."""

Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
ReleaseNumber = Annotated[
    int,
    Field(ge=0, le=999_000_000),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 1_000_000_000}),
]
"""What is read leaves room for a million more below what the API server stores: there is always a next number."""
Seconds = Annotated[int, Field(ge=0, le=WEEK_SECONDS)]
PodCount = Annotated[int, Field(ge=0, le=MAX_REPLICAS)]
BegunAs = Literal["New", "Return", "WakeUp"]
"""What kind of release it is: a new revision, one that comes back, or stable's first pods."""

Weight = Annotated[int | float, Percent()]
"""Percent of the requests, as it stands in a status and a Release: in steps of 0.1 where a route shares them."""

StepWeight = Annotated[int | float, Percent(asked=True)]
"""Percent of the requests, as a user asks for it."""

PodsOrPercent = Annotated[
    int | str,
    IntOrString(
        0, MAX_REPLICAS, r"^(100|[1-9]?[0-9])%$", 4, 'a number of pods (0 to 10000) or a share like "25%"'
    ),
]
SomePodsOrPercent = Annotated[
    int | str,
    IntOrString(
        1, MAX_REPLICAS, r"^(100|[1-9][0-9]?)%$", 4, 'a number of pods (1 to 10000) or a share like "25%"'
    ),
]


class Metadata(Model):
    """The part of an object's metadata that Crossfade reads."""

    name: Annotated[str, Field(max_length=253)] = ""
    namespace: Name = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    finalizers: list[str] = Field(default_factory=list)
    owner_references: list[dict[str, Any]] = Field(default_factory=list)
