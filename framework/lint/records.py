"""Rules about records and formats: what a body can't be asked for, and names that an edit has taken away."""

from collections import Counter
from collections.abc import Iterator

from framework.lint.finding import Finding
from framework.names import parent_fields
from framework.partitions.stream import ForEachRecord
from framework.problem import Path
from framework.records import Records
from framework.spec import Source, Stream


def records(source: Source) -> Iterator[Finding]:
    by_name = {stream.name: source.filled(stream) for stream in source.streams}
    for index, written in enumerate(source.streams):
        stream = source.filled(written)
        for finding in (*_format(source, index), *_edits(stream.records), *_named_before(stream)):
            yield finding._replace(path=finding.path if finding.path[0] == "defaults" else _at(index, finding.path))
        parent = by_name.get(stream.parent or "")
        if isinstance(stream.for_each, ForEachRecord) and parent:
            for field in parent_fields(stream):
                now = _name_now(parent.records, field)
                if now != field:
                    message = f"the parent {parent.name!r} has no {field!r} any more: its `records` makes it {now!r}."
                    yield Finding("E316", _at(index, ("for_each",)), message)


def _at(index: int, path: Path) -> Path:
    return ("streams", index, *path)


def _format(source: Source, index: int) -> Iterator[Finding]:
    """What a body that is no document of names can't be asked for."""
    written = source.streams[index]
    stream = source.filled(written)
    form, spec = stream.format, stream.records
    if form is None:
        return
    here: Path = ("format",) if written.format else ("defaults", "format")
    if problem := form.problem():
        yield Finding("E330", here, f"{problem}.")
    if not form.structured and spec.path != "@":
        message = f"a {form.type} body has no path: its {'rows' if form.type == 'csv' else 'lines'} are the records."
        yield Finding("E330", ("records",), message)
    if form.has_values:
        return
    what = f"a {form.type} body" if not form.structured else "a zip archive"
    if stream.pagination and stream.pagination.paths():
        place: Path = ("pagination",) if written.pagination else ("defaults", "pagination")
        message = f"{what} holds no values beside its records: take them from a header, or page without them."
        yield Finding("E330", place, message)
    for key in ("header", "add_from_page"):
        if getattr(spec, key):
            yield Finding("E330", ("records", key), f"{what} holds no values beside its records.")


def _edits(spec: Records) -> Iterator[Finding]:
    targets = Counter(spec.rename.values())
    for old, new in spec.rename.items():
        place: Path = ("records", "rename", old)
        inside = [other for other in spec.rename if other != old and _is_in(other, old)]
        if targets[new] > 1:
            yield Finding("E331", place, f"several fields are renamed to {new!r}.")
        if inside:
            yield Finding("E331", place, f"{inside[0]!r} lies in {old!r}: rename one of the two.")
    for name in spec.add_from_page:
        if name in spec.add:
            yield Finding("E331", ("records", "add_from_page", name), f"`add` adds {name!r} already.")


def _named_before(stream: Stream) -> Iterator[Finding]:
    """Fields go by the names that they have at the end."""
    spec, cursor = stream.records, stream.incremental.cursor if stream.incremental else None
    for field in dict.fromkeys([*(stream.primary_key or []), *([cursor] if cursor else [])]):
        now = _name_now(spec, field)
        if now != field:
            what = "the cursor" if field == cursor else "part of the primary key"
            place = ("records", "rename" if _renamed(spec, field) != field else "flatten")
            yield Finding("E316", place, f"{field!r} is {what}, and is named {now!r} by then: write that there.")
    for key, fields in (("drop", spec.drop), ("hash", spec.hash.fields if spec.hash else [])):
        for index, field in enumerate(fields):
            now = _renamed(spec, field)
            if now != field:
                steps: Path = (key, index) if key == "drop" else (key, "fields", index)
                yield Finding(
                    "E331", ("records", *steps), f"`rename` comes before, and makes it {now!r}: write that here."
                )


def _name_now(spec: Records, field: str) -> str:
    """The name that a field of the record has once it is renamed and flattened, if it was named as before."""
    names = _renamed(spec, field).split(".")
    joined = 1 + (spec.flatten or 0)
    return ".".join(["_".join(names[:joined]), *names[joined:]])


def _renamed(spec: Records, field: str) -> str:
    made = [*spec.rename.values(), *spec.add, *spec.add_from_page]
    if any(_is_in(field, name) for name in made):
        return field
    return next((new + field[len(old) :] for old, new in spec.rename.items() if _is_in(field, old)), field)


def _is_in(field: str, path: str) -> bool:
    return field == path or field.startswith(f"{path}.")
