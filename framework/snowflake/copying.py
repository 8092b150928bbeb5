"""Parts into RAW by COPY, inside the transaction that keeps the ledger."""

from collections.abc import Sequence

from framework import sql
from framework.deploy.sources import copy_values
from framework.manifest import Part
from framework.snowflake.place import MOST_FILES, Place
from framework.snowflake.refused import NotLoaded, reason

_STATUS, _FIRST_ERROR, _FIRST_LINE = 1, 6, 7
"""Where COPY's answer says what became of a file."""


def copy(place: Place, parts: Sequence[Part]) -> None:
    """Those of which RAW has nothing yet, by name, each once. Raises NotLoaded."""
    there = place.rows_in_raw(parts)
    missing = [part for part in parts if part.key not in there]
    refused: dict[str, str] = {}
    for start in range(0, len(missing), MOST_FILES):
        refused |= _copy(place, missing[start : start + MOST_FILES])
    if refused:
        raise NotLoaded.of(refused)


def _copy(place: Place, parts: Sequence[Part], force: bool = False) -> dict[str, str]:
    """One statement. Returns the parts that were refused, with the reason. What the table's load history takes for
    loaded and RAW does not have is loaded all the same: rows that went away with a transaction, or by hand."""
    values = copy_values(place.account, place.source, "SKIP_FILE", tuple(map(place.path, parts)))
    answer = place.run(sql.render("snowflake", "copy", **values) + (" FORCE = TRUE" if force else ""))
    by_name = {place.path(part).rpartition("/")[2]: part for part in parts}
    refused: dict[str, str] = {}
    skipped: list[Part] = []
    seen = set()
    for row in answer:
        part = by_name.get(str(row[0]).rpartition("/")[2])
        if part is None:
            continue
        seen.add(part.key)
        if row[_STATUS] == "LOAD_SKIPPED":
            skipped.append(part)
        elif row[_STATUS] != "LOADED":
            refused[part.key] = reason(row[_FIRST_ERROR], row[_FIRST_LINE])
    refused |= {part.key: "Snowflake does not see it in the stage" for part in parts if part.key not in seen}
    return refused | (_copy(place, skipped, force=True) if skipped and not force else {})
