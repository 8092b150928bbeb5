"""A part with lines that Snowflake does not take → a part with the others, which supersedes it in the log.

As ever: prepared, then logged, then published, then loaded. Whoever dies in between leaves an entry that the next
reader of the log publishes, or voids where the store lost the upload.
"""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from framework import sql
from framework.deploy.sources import copy_values
from framework.errors import StageError, WarehouseError
from framework.lines import Lines
from framework.log import AlreadyLogged, Log
from framework.manifest import BadLine, Committed, Numbered, Part, Reissued
from framework.parts import Held, PartFile, reissued_key
from framework.snowflake.place import Place
from framework.snowflake.refused import NotLoaded, line_of
from framework.stages.base import Leftover

HELD_LINES = 1_000
"""How many lines are handed on at a time."""
REASON = 300
"""How much of a reason is kept."""
_ERROR, _LINE = 0, 2
"""Where the answer to copy_errors says what is wrong, and where."""


def reissue(place: Place, log: Log, batch: Sequence[Numbered], refused: NotLoaded, now: datetime) -> list[str]:
    """Parts of a batch that were refused, each without its bad lines. Returns what is to be said of it. Raises
    `refused` where no line is to blame."""
    told = []
    for number, entry in batch:
        for part in entry.parts if isinstance(entry, Committed) else []:
            if part.key not in refused.reasons:
                continue
            bad = _bad_lines(place, part, refused.reasons[part.key])
            if not bad:
                raise refused
            new = _without(place, part, bad)
            _log(place, log, Reissued(entry.run, now, number, part.key, new, bad), batch[-1][0])
            told.append(_in_words(part, new, bad))
    if not told:
        raise refused
    return told


def _bad_lines(place: Place, part: Part, reason: str) -> list[BadLine]:
    """As Snowflake tells of all of them; else those that are no JSON; else the one that it named."""
    values = copy_values(place.account, place.source, "SKIP_FILE", (place.path(part),))
    found: dict[int, str] = {}
    with suppress(WarehouseError):  # then we look ourselves
        for row in place.run(sql.render("snowflake", "copy_errors", **values)):
            if row[_LINE] is not None:
                found.setdefault(int(row[_LINE]), str(row[_ERROR]))
    if not found:
        with place.stage.as_file(part.key) as path:
            found = dict(_unreadable(path, part))
    named = line_of(reason)
    if not found and named:
        found = {named: reason}
    return [BadLine(row, told[:REASON]) for row, told in sorted(found.items()) if 0 < row <= part.rows]


def _unreadable(path: Path, part: Part) -> Iterator[tuple[int, str]]:
    for row, line in enumerate(_lines(path, part), 1):
        try:
            msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield row, f"it is no JSON: {error}"


def _without(place: Place, part: Part, bad: Sequence[BadLine]) -> Part | None:
    """The other lines as a new part, prepared; None where there are none."""
    left_out = {line.row for line in bad}
    if len(left_out) == part.rows:
        return None
    key = reissued_key(part.key)
    file = PartFile(key, place.stage.prepare(key))
    try:
        rows, held = 0, Held()
        with place.stage.as_file(part.key) as path:
            for line in _lines(path, part):
                rows += 1
                if rows not in left_out:
                    held.add(Lines([line.rstrip(b"\n")]))
                if held.rows >= HELD_LINES:
                    file.append(held)
                    held = Held()
        if rows != part.rows:
            raise WarehouseError(
                f"the part {part.key} holds {rows} lines and its manifest says {part.rows}: it was changed after it "
                "was published. Put it back as it was, and load again."
            )
        file.append(held)
        return file.finish()
    except BaseException:
        file.abort()
        raise


def _lines(path: Path, part: Part) -> Iterator[bytes]:
    with gzip.open(path, "rb") as lines:
        try:
            yield from lines
        except (EOFError, OSError, zlib.error) as error:
            raise StageError(
                f"the part {part.key} is damaged: {error}. Put it back as it was, and load again."
            ) from None


def _log(place: Place, log: Log, entry: Reissued, after: int) -> None:
    """The moment it counts. Where another load was faster, its part counts."""
    try:
        log.publish(log.append(entry, after), entry)
    except AlreadyLogged:
        for part in entry.parts:
            place.stage.discard(Leftover(part.key, part.upload))


def _in_words(part: Part, new: Part | None, bad: Sequence[BadLine]) -> str:
    lines = "; ".join(f"line {line.row}: {line.reason}" for line in bad[:3])
    more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
    rest = f"Its other {new.rows} rows came as {new.key}" if new else "No other line is in it"
    return (
        f"the part {part.key} has {len(bad)} line{'s' if len(bad) > 1 else ''} that Snowflake does not take: {lines}"
        f"{more}. They are listed in _INGEST_QUARANTINE and stay in the stage. {rest}."
    )
