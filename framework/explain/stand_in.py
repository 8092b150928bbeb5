"""What stands in for what only a run knows: a parent's fields, config that is not set, secrets."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from framework.request import Request


class StandIn(Mapping[str, Any]):
    """A value that is not known yet, by its name; so are its fields. It prints as `~order.id~`, which no URL quotes."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, key: str) -> "StandIn":
        return StandIn(f"{self._name}.{key}")

    def __contains__(self, key: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1

    def __str__(self) -> str:
        return f"~{self._name}~"


_NAME = re.compile(r"~([A-Za-z_][\w.-]*)~")


def shown(text: str) -> str:
    """`~order.id~` as people read it: <order.id>."""
    return _NAME.sub(r"<\1>", text)


class SecretsOf(Mapping[str, str]):
    """Every secret as the same letters. What is made with two different letters and differs holds a secret."""

    def __init__(self, letter: str) -> None:
        self._value = letter * 24

    def __getitem__(self, name: str) -> str:
        return self._value

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1


LETTERS = ("k", "Q")


def hidden(one: str, other: str) -> str:
    """What two texts have in common, *** in place of where they differ."""
    if one == other:
        return one
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    end = next((i for i, (a, b) in enumerate(zip(one[::-1], other[::-1], strict=False)) if a != b), 0)
    before = re.sub(r"[\w+=]*$", "", one[:start])
    after = re.sub(r"^[\w+=]*", "", one[len(one) - min(end, len(one) - start) :])
    return f"{before}***{after}"


def hidden_in(one: Any, other: Any) -> Any:
    """The same for a JSON value, leaf by leaf; stand-ins become text."""
    if isinstance(one, StandIn):
        return shown(str(one))
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: hidden_in(one[key], other.get(key)) for key in one}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [hidden_in(a, b) for a, b in zip(one, other, strict=True)]
    if isinstance(one, str) and isinstance(other, str):
        return shown(hidden(one, other))
    return one if one == other else "***"


def told(one: Request, other: Request) -> dict[str, Any]:
    """A request that was made twice, with different secrets, as it may be shown."""
    pairs = zip(one.params, other.params, strict=False)
    params = tuple((name, hidden(value, wrong[1])) for (name, value), wrong in pairs)
    url = Request(one.method, hidden(one.url, other.url), params).full_url
    held: dict[str, Any] = {"method": one.method, "url": shown(_without_base(url, one.base))}
    headers = {name: shown(hidden(v, dict(other.headers).get(name, ""))) for name, v in one.headers}
    if headers:
        held["headers"] = headers
    if one.json is not None:
        held["json"] = hidden_in(one.json, other.json)
    if one.form is not None:
        form = zip(one.form, other.form or (), strict=False)
        held["form"] = [[name, shown(hidden(value, wrong[1]))] for (name, value), wrong in form]
    return held


def _without_base(url: str, base: str) -> str:
    """A path that is nothing but a stand-in may be a whole URL."""
    rest = url.removeprefix(f"{base}/")
    return rest if _NAME.match(rest) and "/" not in rest else url
