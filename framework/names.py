"""Which names a template may use, by the place it stands in, and a walk over all templates of a spec."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from framework import meant
from framework.model import Template
from framework.pagination.cursor import names_of_cursor
from framework.partitions.stream import ForEachRecord
from framework.partitions.values import ForEachValue
from framework.problem import Path, did_you_mean, suggestion
from framework.spec import Job, Source, Stream
from framework.template import NamePath, names_in, problem_of

WINDOW_NAMES = ("start", "end")
RUN_NAMES = ("id", "started")
JOB_NAMES = ("created", "location", "polled", "located")
"""What templates know of a job, in the order in which it comes to be known."""
NAMES = ("config", "secrets", "run", "window", "ref")
"""What templates know by themselves, besides the `as` names of a spec."""


@dataclass(frozen=True)
class Use:
    """A template, and where it stands."""

    path: Path
    text: str


def texts(value: Any, path: Path = ()) -> list[tuple[Path, str]]:
    """Every text below this value, and where it stands. A source, which is frozen, is gone through once for all that
    look at it in turn."""
    source, known = _last[0]
    if not path and value is source:
        return known
    found: list[tuple[Path, str]] = []
    _collect(value, path, found)
    if isinstance(value, Source):
        _last[0] = (value, found)
    return found


_last: list[tuple[Source | None, list[tuple[Path, str]]]] = [(None, [])]


def _collect(value: Any, path: Path, found: list[tuple[Path, str]]) -> None:
    """A list that is filled rather than an iterator in an iterator: a spec is gone through many times."""
    if isinstance(value, str):
        found.append((path, value))
        return
    if isinstance(value, BaseModel):
        for name, key in _keys(type(value)):
            inner = value.__dict__[name]
            if inner is not None:
                _collect(as_templates(inner) if name == "json_body" else inner, (*path, key), found)
        return
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if inner is not None:
            _collect(inner, (*path, key), found)


@cache
def _keys(kind: type[BaseModel]) -> list[tuple[str, str]]:
    return [(name, field.alias or name) for name, field in kind.model_fields.items()]


def templates(value: Any) -> Iterator[Use]:
    """Every text below this value that its type marks as a template."""
    yield from (Use(path, text) for path, text in texts(value) if isinstance(text, Template))


def names_used(value: Any) -> Iterator[tuple[Use, NamePath]]:
    """Every name that the templates below this value ask for; those that do not parse ask for none."""
    for use in templates(value):
        if not problem_of(use.text):
            yield from ((use, name) for name in names_in(use.text))


def as_templates(value: Any) -> Any:
    """A JSON value whose texts are templates."""
    if isinstance(value, dict):
        return {key: as_templates(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_templates(inner) for inner in value]
    return Template(value) if type(value) is str else value


def parent_fields(stream: Stream) -> list[str]:
    """The fields of its parents' records that a stream's templates use."""
    aliases = [level.as_ for level in stream.levels if isinstance(level, ForEachRecord) and not level.each]
    used = [name for _, name in names_used(stream)]
    return list(dict.fromkeys(".".join(name[1:]) for name in used if name[0] in aliases and len(name) > 1))


def fields_asked(source: Source, stream: Stream) -> dict[str, list[str]]:
    """By name: the fields that templates of this stream and of all that follow it, however far, use; "" for the value
    itself."""
    used: dict[str, list[str]] = {}
    for each in [stream, *_followers(source, stream.name)]:
        for _, name in names_used(each):
            fields = used.setdefault(name[0], [])
            path = ".".join(name[1:])
            if path not in fields:
                fields.append(path)
    return used


def _followers(source: Source, name: str) -> list[Stream]:
    """The streams that follow it, or follow one that does."""
    found = {name}
    while True:
        more = {each.name for each in source.streams if found & set(each.parents)} - found
        if not more:
            return [each for each in source.streams if each.name in found and each.name != name]
        found |= more


def _forebears(source: Source, stream: Stream) -> list[Stream]:
    """The streams that it follows, and those that they follow."""
    streams = {each.name: each for each in source.streams}
    found: dict[str, Stream] = {}
    waiting = list(stream.parents)
    while waiting:
        name = waiting.pop(0)
        if name in streams and name not in found:
            found[name] = streams[name]
            waiting += streams[name].parents
    return list(found.values())


def names_of_levels(source: Source, stream: Stream) -> dict[str, list[str] | None]:
    """The names that the levels of a stream, and of those that it follows, give; and the fields of each."""
    names: dict[str, list[str] | None] = {}
    for each in [*reversed(_forebears(source, stream)), stream]:
        for level in each.levels:
            if isinstance(level, ForEachRecord) and level.parent_as:
                names[level.parent_as] = None
            plain = isinstance(level, ForEachValue) and not level.or_ and not level.batch
            names[level.as_] = [] if plain else None
    return {name: fields for name, fields in names.items() if name not in NAMES}


def uses_window(stream: Stream, end: str) -> bool:
    """Whether the stream's request sends that end of its window."""
    sent = [stream.request, *([stream.job.create] if stream.job else [])]
    return any(name[:2] == ("window", end) for each in sent for _, name in names_used(each))


def allowed(source: Source, path: Path) -> dict[str, list[str] | None]:
    """The names that a template at this place may use, and the fields of each; None for any field."""
    if path[-1] == "message" and "responses" in path:
        return {"body": None, "headers": None, "status": []}
    names: dict[str, list[str] | None] = {"config": list(source.config), "secrets": list(source.secrets)}
    if path[:2] == ("http", "auth"):
        return names | _own_names(source.http.auth, path[2:])
    if path[0] == "analytics":
        return {"config": list(source.config), "ref": []}
    if path[-2:-1] == ("pagination",):
        names |= names_of_cursor(str(path[-1]))
    if path[0] != "streams":
        return names
    stream = source.streams[int(path[1])]
    for_each_values = len(path) > 3 and path[2] == "for_each"
    if not for_each_values and path[2] != "incremental":
        names["run"] = list(RUN_NAMES)
        names |= names_of_levels(source, stream)
        if stream.job and (known := _of_job(stream.job, path)):
            names["job"] = known
        if stream.incremental or source.defaults.incremental:
            names["window"] = list(WINDOW_NAMES)
    return names


def _of_job(job: Job, path: Path) -> list[str]:
    if path[2] == "request":
        return list(JOB_NAMES if job.locate else JOB_NAMES[:3])
    return list({"start": JOB_NAMES[:2], "poll": JOB_NAMES[:2], "locate": JOB_NAMES[:3]}.get(str(path[3]), ()))


def _own_names(auth: Any, path: Path) -> dict[str, list[str] | None]:
    """What the kind of auth that stands there tells its own templates; all but its key."""
    names: dict[str, list[str] | None] = {}
    for step in path:
        names |= {} if path[-1] == "key" else getattr(auth, "names", {})
        auth = auth.get(step) if isinstance(auth, dict) else getattr(auth, str(step), None)
    return names


def problem_of_name(name: NamePath, known: Mapping[str, list[str] | None]) -> tuple[str, str] | None:
    """What is wrong with a name that a template asks for, and the word to point at; None if nothing is."""
    group, word = name[0], ".".join(name[:2])
    if group not in known:
        quotes = f" Put it in quotes: ref('{group}')." if "ref" in known and group.isupper() else ""
        if group.lower() in _OF_THE_MACHINE and "secrets" in known:
            own = (meant.name(name[1]) if len(name) > 1 else None) or "NAME"
            quotes = f" A secret is {{{{ secrets.{own} }}}}, listed in `secrets`; anything else is a value of `config`."
        return f"there is no {group!r} here.{quotes or suggestion(group, list(known))}", group
    fields = known[group]
    if fields is None or group == "ref":
        return None
    if len(name) == 1:
        if group not in NAMES:
            return None
        return f"{group!r} is a group of names: write {group}.NAME.{suggestion('', fields)}", group
    if group not in NAMES and not fields:
        return f"{group!r} is a plain value: write {{{{ {group} }}}}.", word
    if name[1] in fields:
        return None
    near = did_you_mean(name[1], fields, f"{group}.")
    if group not in ("config", "secrets"):
        return f"there is no {word!r}.{near or suggestion('', fields)}", word
    others = f", which holds {', '.join(fields)}" if 0 < len(fields) <= 8 and not near else ""
    return f"there is no {word!r}.{near}{' Else d' if near else ' D'}eclare it under `{group}`{others}.", word


_OF_THE_MACHINE = ("env", "environ", "environment", "os", "var", "vars")


_REF = re.compile(r"ref\(\s*['\"]([^'\"]*)['\"]\s*\)")


def refs(sql: str) -> list[str]:
    """The tables that a mart's SQL names by `ref`."""
    return list(dict.fromkeys(_REF.findall(sql)))


def with_refs(sql: str, renamed: dict[str, str]) -> str:
    """The SQL with other names in its `ref`s."""
    return _REF.sub(lambda found: f"ref('{renamed.get(found[1], found[1])}')", sql)
