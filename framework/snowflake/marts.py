"""CLEAN → ANALYTICS in Snowflake: each mart is told to be up to date by what fills it."""

from framework.clean import Cleaned, in_order
from framework.snowflake import tasks
from framework.snowflake.place import Place
from framework.spec import Source


def refresh(place: Place, source: Source) -> list[Cleaned]:
    """All of a source's, each after those that it is made of. A view is up to date by itself."""
    made = []
    for mart in in_order(source.analytics):
        name = place.account.within("ANALYTICS", mart.table)
        if mart.as_ == "dynamic_table":
            place.run(f"ALTER DYNAMIC TABLE {name} REFRESH")
        elif mart.as_ == "table":
            tasks.execute(place, "ANALYTICS", f"TSK_{mart.table}")
        made.append(Cleaned(mart.table, int(place.run(f"SELECT COUNT(*) FROM {name}")[0][0])))
    return made
