"""What must hold in Snowflake when a run is over: counts against manifests, and the checks of the spec."""

from datetime import datetime

from framework.check import Check, of_age, of_columns
from framework.snowflake.place import Place
from framework.snowflake_words import quote_name, quote_text
from framework.spec import Source, Stream


def check(place: Place, source: Source, stream: Stream, now: datetime) -> list[Check]:
    """All checks of one stream."""
    results = [_reconciled(place)]
    table = place.account.within("CLEAN", stream.clean.table) if stream.clean else ""
    if stream.clean:
        results += of_columns(place.warehouse, stream, table, quote_name)
    if stream.checks.freshness:
        results.append(of_age(place.warehouse, source, stream, table, now))
    return results


def _reconciled(place: Place) -> Check:
    """Rows of each part in RAW = rows of its manifest. With COPY there are no others; a pipe may have loaded already
    what the next load will find in the log."""
    name = "rows in RAW = rows in manifests"
    view = place.account.within("OPS", f"RECONCILE_{place.source.upper()}")
    wrong = place.run(
        f"SELECT PART, RAW_ROWS, MANIFEST_ROWS FROM {view} WHERE STREAM = {quote_text(place.stream)} "
        "AND MISSING_ROWS <> 0 ORDER BY PART LIMIT 1"
    )
    if not wrong and place.settings.load == "copy":
        parts = place.warehouse.ops("_INGEST_PARTS")
        wrong = place.run(
            f"SELECT R.SRC_FILENAME, COUNT(*), 0 FROM {place.raw} AS R "
            f"LEFT JOIN {parts} AS P ON R.SRC_FILENAME = {quote_text(place.account.prefix)} || P.PART "
            f"WHERE R.SRC_STREAM = {quote_text(place.stream)} AND P.PART IS NULL GROUP BY 1 ORDER BY 1 LIMIT 1"
        )
    if wrong:
        part, have, wanted = wrong[0]
        return Check(place.stream, name, False, f"{part}: {have} of {wanted}")
    return Check(place.stream, name, True, "all parts")
