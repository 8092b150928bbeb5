"""Good files, spoilt at random: what `validate` says of it.

A key is dropped, misspelt, duplicated, or its value is given another type; the seed is fixed. A mutation counts where
the file then means something else: where its model differs, or where there is none. Three kinds of change are legal,
known by the types alone, whatever `validate` says of them, and no tool could tell them from what the author meant:

- what is the author's own: names and values of params, headers, bodies, columns, and the like (`own`);
- a key that may be left out, left out (`optional`), unless what it stood for is still asked for;
- free text, such as a title, of other letters: mutations leave it alone.

They are made and counted all the same; docs/validate.md has the figures.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from framework.explain.place import Place, place_of
from framework.lint import problems_of
from framework.schema import is_required
from framework.spec import Source
from framework.spec_file import SpecFile, load, parse
from framework.yaml_file import read_file
from tests.test_schema import verdicts

GOOD = sorted((Path(__file__).parent.parent / "specs" / "good").glob("*.yaml"))
PER_FILE = 60
SEED = 20260101
HOW = ("drop", "misspell", "retype", "duplicate")
Where = tuple[str | int, ...]


@dataclass(frozen=True)
class Mutation:
    """What was done to which key, and the file that came of it."""

    file: str
    how: str
    path: Where
    text: str
    legal: str
    """`own`, `optional` or nothing."""


class Pairs(list[tuple[str, Any]]):
    """A mapping that may hold a key twice."""


def pairs(value: Any) -> Any:
    if isinstance(value, dict):
        return Pairs((key, pairs(inner)) for key, inner in value.items())
    return [pairs(inner) for inner in value] if isinstance(value, list) else value


def written(value: Any) -> str:
    """As YAML: what JSON is too."""
    if isinstance(value, Pairs):
        return "{" + ",\n".join(f"{json.dumps(key)}: {written(inner)}" for key, inner in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def paths(value: Any, at: Where = ()) -> Iterator[Where]:
    """Every key of every mapping."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*at, key)
            yield from paths(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*at, index))


def misspelt(word: str, chance: random.Random) -> str:
    """One slip of the fingers."""
    at = chance.randrange(len(word))
    slips = [
        word[:at] + word[at + 1 :],
        word[:at] + word[at] * 2 + word[at + 1 :],
        word[:at] + chance.choice("aeiourstn") + word[at + 1 :],
        word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :] if at else word[1:],
    ]
    return next((slip for slip in chance.sample(slips, 4) if slip not in ("", word)), f"{word}x")


def retyped(value: Any, chance: random.Random) -> Any:
    """The value as one of another type."""
    others = [
        ("text", "some text"),
        ("number", 7),
        ("list", ["a", "b"]),
        ("mapping", Pairs([("a", "b")])),
        ("bool", True),
    ]
    kinds = {str: "text", bool: "bool", int: "number", float: "number", list: "list", Pairs: "mapping"}
    mine = kinds.get(type(value), "")
    return chance.choice([other for kind, other in others if kind != mine])


def mutated(tree: Any, path: Where, how: str, chance: random.Random) -> Any:
    """The tree with one of its keys spoilt."""
    step, *rest = path
    if isinstance(tree, list) and not isinstance(tree, Pairs):
        return [mutated(inner, tuple(rest), how, chance) if i == step else inner for i, inner in enumerate(tree)]
    made = Pairs()
    for key, inner in tree:
        if key != step:
            made.append((key, inner))
        elif rest:
            made.append((key, mutated(inner, tuple(rest), how, chance)))
        elif how == "misspell":
            made.append((misspelt(key, chance), inner))
        elif how == "retype":
            made.append((key, retyped(inner, chance)))
        elif how == "duplicate":
            made += [(key, inner), (key, inner)]
    return made


def legal(place: Place | None, path: Where, how: str) -> str:
    """Why a change is one that an author may make."""
    if how == "duplicate":
        return ""
    if place is None or place.path != path or place.item:
        return "own"
    return "optional" if how == "drop" and not is_required(place.kind, place.name) else ""


def mutations(path: Path) -> Iterator[Mutation]:
    """So many of a file, the same every time."""
    chance = random.Random(f"{SEED} {path.name}")
    values: Any = read_file(path).values
    every = sorted(paths(values), key=str)
    for _ in range(PER_FILE):
        at, how = chance.choice(every), chance.choice(HOW)
        text = written(mutated(pairs(values), at, how, chance))
        place = None if at[2:3] == ("repeat",) else place_of(Source, values, at)
        yield Mutation(path.name, how, at, text, legal(place, at, how))


def model(spec: SpecFile) -> Any:
    """What it means; None where it means nothing."""
    return _plain(spec.source) if spec.source else None


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


@dataclass
class Tally:
    """How many mutations changed the meaning, and how many of them were reported."""

    changed: Counter[tuple[str, str]]
    reported: Counter[tuple[str, str]]
    missed: list[Mutation]


@pytest.fixture(scope="module")
def tally() -> Tally:
    found = Tally(Counter(), Counter(), [])
    for path in GOOD:
        before = model(load(path))
        for mutation in mutations(path):
            spec = parse(str(path), mutation.text)
            if mutation.how != "duplicate" and model(spec) == before:
                continue  # such as a default that was written out
            key = (mutation.how, mutation.legal)
            found.changed[key] += 1
            if problems_of(spec, path.stem):
                found.reported[key] += 1
            else:
                found.missed.append(mutation)
    return found


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_what_is_written_as_json_is_as_good(path: Path) -> None:
    """So that what is reported of a mutation is about the mutation."""
    assert problems_of(parse(str(path), written(pairs(read_file(path).values))), path.stem) == []


@pytest.mark.slow
def test_what_changes_the_meaning_is_reported(tally: Tally) -> None:
    rows = [f"{how:10} {why or 'a mistake':10} {tally.reported[how, why]:5} of {count:5}"
            for (how, why), count in sorted(tally.changed.items())]  # fmt: skip
    print("\n".join(["reported, of those that change the meaning", *rows]))
    changed = sum(count for (_, why), count in tally.changed.items() if not why)
    reported = sum(count for (_, why), count in tally.reported.items() if not why)
    missed = [(m.file, m.how, m.path) for m in tally.missed if not m.legal]
    assert changed > 3000
    assert reported / changed > 0.99, missed


@pytest.mark.slow
def test_a_misspelt_or_doubled_key_is_always_reported(tally: Tally) -> None:
    missed = [(m.file, m.path) for m in tally.missed if not m.legal and m.how in ("misspell", "duplicate")]
    assert missed == []
    assert all(tally.changed[how, ""] > 500 for how in HOW)


ODD: list[Any] = [
    *("some text", "exponential", "cursor", "10/s", "POST /x", "{{ x }}", "a: b", "2 days", ""),
    *(1, -1, 1.5, True, None, [], ["a"], [["a"]], [Pairs()], Pairs(), Pairs([("type", ["a"])])),
    *(Pairs([("type", "cursor")]), Pairs([("name", "a"), ("name", "b")])),
]
"""What stands nowhere, and could stand anywhere."""


def placed(tree: Any, path: Where, value: Any) -> Any:
    """The tree with that value at the place."""
    if not path:
        return value
    step, *rest = path
    if isinstance(tree, Pairs):
        return Pairs((key, placed(inner, tuple(rest), value) if key == step else inner) for key, inner in tree)
    if isinstance(tree, list):
        return [placed(inner, tuple(rest), value) if i == step else inner for i, inner in enumerate(tree)]
    return tree


@pytest.mark.slow
@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_whatever_stands_wherever_is_answered_by_problems(path: Path) -> None:
    """Up to three of them at once; what is said has a place in the file."""
    chance = random.Random(f"{SEED} odd {path.name}")
    values: Any = read_file(path).values
    every = sorted(paths(values), key=str)
    for _ in range(30):
        tree = pairs(values)
        for at in chance.sample(every, min(len(every), chance.choice([1, 2, 3]))):
            tree = placed(tree, at, chance.choice(ODD))
        text = written(tree)
        lines = text.split("\n")
        for problem in problems_of(parse(str(path), text), path.stem):
            assert 1 <= problem.line <= len(lines), text
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1, text


def test_there_are_enough_good_files() -> None:
    assert len(GOOD) >= 60


@pytest.mark.slow
def test_the_published_schema_says_the_same_of_spoilt_files() -> None:
    """Of every third one; what JSON Schema can't know is left out, see tests/test_schema.py."""
    spoilt = [mutation for path in GOOD for mutation in list(mutations(path))[::3] if mutation.how != "duplicate"]
    differ = []
    for mutation in spoilt:
        by_types, by_schema = verdicts(mutation.text, Source)
        if bool(by_types) != bool(by_schema):
            differ.append((mutation.file, mutation.how, mutation.path, by_types, by_schema))
    assert len(spoilt) > 1000
    assert differ == []
