"""Words of other tools: what they are called here exists here."""

from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from framework import meant
from framework.schema import places
from framework.spec import Source
from framework.tables import _TYPES
from framework.type_places import keys_at

KINDS = list(dict.fromkeys(kind for kind, _ in places(Source)))
KEYS = {key for kind in KINDS for key in keys_at(kind, ())} | {"schedule", "config"}


def literals(annotation: Any) -> set[str]:
    if get_origin(annotation) is Literal:
        return {str(word) for word in get_args(annotation)}
    return {word for inner in get_args(annotation) for word in literals(inner)}


WORDS = {
    word for kind in KINDS for hint in get_type_hints(kind, include_extras=True).values() for word in literals(hint)
}


@pytest.mark.parametrize("word", meant.KEYS)
def test_a_key_is_called_something_that_exists(word: str) -> None:
    for shape in meant.KEYS[word]:
        assert shape.partition(":")[0] in KEYS, shape


@pytest.mark.parametrize("word", meant.WORDS)
def test_a_word_is_called_something_that_exists(word: str) -> None:
    assert meant.WORDS[word] in WORDS | set(_TYPES)
    assert meant.suggest(word, [meant.WORDS[word], "x"]) == f" Did you mean {meant.WORDS[word]!r}?"


def test_a_word_is_offered_where_it_is_taken_only() -> None:
    assert "append" not in meant.suggest("insert", ["read", "skip"])
    assert meant.key("url", ["path", "params"]) == "path"
    assert meant.key("url", ["records"]) is None
    assert meant.key("Write-Disposition", ["clean"]) == "clean: {table: …, mode: …}"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("yyyy-MM-dd", "%Y-%m-%d"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "%Y-%m-%dT%H:%M:%S.%f%z"),
        ("DD/MM/YYYY", "%d/%m/%Y"),
        ("iso", None),
    ],
)
def test_how_others_write_instants(theirs: str, ours: str | None) -> None:
    assert meant.instant(theirs) == ours


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("10/s", "{requests: 10, per: 1s}"),
        ("600 requests per minute", "{requests: 600, per: 1m}"),
        ("5 reqs/hours", "{requests: 5, per: 1h}"),
        ("10/fortnight", None),
        ("fast", None),
    ],
)
def test_how_others_write_rates(theirs: str, ours: str | None) -> None:
    assert meant.rate(theirs) == ours
