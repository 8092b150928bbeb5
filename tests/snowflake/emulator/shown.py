"""What SHOW says of each kind: Snowflake's column names, and where each value comes from."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import pipes, streams
from .account import table_name
from .catalog import Path, Thing

if TYPE_CHECKING:
    from .account import Session

Cell = Callable[["Session", Thing], Any]
SIZES = {"XSMALL": "X-Small", "SMALL": "Small", "MEDIUM": "Medium", "LARGE": "Large", "XLARGE": "X-Large",
         "XXLARGE": "2X-Large", "X2LARGE": "2X-Large", "XXXLARGE": "3X-Large", "X3LARGE": "3X-Large"}  # fmt: skip


def const(value: Any) -> Cell:
    return lambda session, thing: value


def option(name: str, default: Any = "") -> Cell:
    return lambda session, thing: thing.options.get(name, default)


def fact(name: str, default: Any = None) -> Cell:
    return lambda session, thing: thing.facts.get(name, default)


def flag(value: Any) -> str:
    return "true" if value else "false"


def switch(name: str, default: bool = False, words: tuple[str, str] = ("true", "false")) -> Cell:
    return lambda session, thing: words[0] if thing.options.get(name, default) else words[1]


def attribute(name: str) -> Cell:
    return lambda session, thing: getattr(thing, name)


def count(name: str) -> Cell:
    return lambda session, thing: str(len(thing.options.get(name, [])))


def rows(session: "Session", thing: Thing) -> int:
    found = session.first(f"SELECT count(*) FROM {table_name(thing.path)}")
    return int(found[0]) if found else 0


def managed(session: "Session", thing: Thing) -> str:
    words = ["TRANSIENT"] if "TRANSIENT" in thing.facts.get("modifiers", []) else []
    return ", ".join(words + (["MANAGED ACCESS"] if thing.facts.get("managed") else []))


def monitored(session: "Session", thing: Thing) -> str | None:
    found = (each.options.get("RESOURCE_MONITOR") for each in session.account.catalog.of("WAREHOUSE"))
    return "WAREHOUSE" if thing.name in found else None


def held(kind: str) -> Cell:
    def number(session: "Session", thing: Thing) -> int:
        return sum(1 for role, who, _ in session.account.access.members if role == thing.full and who == kind)

    return number


def holds(session: "Session", thing: Thing) -> int:
    return sum(1 for _, who, name in session.account.access.members if name == thing.full and who == "ROLE")


def percents(action: str) -> Cell:
    def listed(session: "Session", thing: Thing) -> str | None:
        found = [f"{percent}%" for percent, done in thing.facts["triggers"] if done == action]
        return ",".join(found) or None

    return listed


def integration_type(session: "Session", thing: Thing) -> str:
    if thing.facts["category"] == "STORAGE":
        return "EXTERNAL_STAGE"
    provider = thing.options.get("NOTIFICATION_PROVIDER", "")
    return f"QUEUE - {provider}" if provider else str(thing.options["TYPE"])


def directory_channel(session: "Session", thing: Thing) -> str | None:
    automatic = thing.options.get("DIRECTORY", {}).get("AUTO_REFRESH")
    return (
        pipes.channel(session.account) if automatic and str(thing.options.get("URL", "")).startswith("s3://") else None
    )


def cloud(session: "Session", thing: Thing) -> str | None:
    return {"s3": "AWS", "azure": "AZURE", "gcs": "GCP"}.get(str(thing.options.get("URL", "")).partition(":")[0])


def pattern(session: "Session", thing: Thing) -> Any:
    return pipes.parsed(thing).options.get("PATTERN")


def pipe_error(session: "Session", thing: Thing) -> Any:
    if thing.facts.get("url") is not None and not pipes.stage_of(session.account, thing):
        return "Stage has been dropped or replaced."
    return thing.facts.get("error")


def stale(session: "Session", thing: Thing) -> str:
    return flag(streams.is_stale(session, thing))


def retention(session: "Session", thing: Thing) -> str:
    for path in (thing.path, thing.path[:2], thing.path[:1]):
        for kind in (thing.kind, "SCHEMA", "DATABASE"):
            found = session.account.catalog.find(kind, path)
            if found and "DATA_RETENTION_TIME_IN_DAYS" in found.options:
                return str(found.options["DATA_RETENTION_TIME_IN_DAYS"])
    return "1"


def table_kind(session: "Session", thing: Thing) -> str:
    return next((word for word in ("TRANSIENT", "TEMPORARY") if word in thing.facts.get("modifiers", [])), "TABLE")


def clustering(session: "Session", thing: Thing) -> str:
    return f"LINEAR({thing.facts['cluster_by']})" if thing.facts.get("cluster_by") else ""


CREATED, NAME, OWNER, COMMENT = (attribute(name) for name in ("created", "name", "owner", "comment"))
PLACE: dict[str, Cell] = {
    "created_on": CREATED,
    "name": NAME,
    "database_name": attribute("database"),
    "schema_name": attribute("schema"),
}
ROLE_TYPE: dict[str, Cell] = {"owner_role_type": const("ROLE")}
OWNED: dict[str, Cell] = {"owner": OWNER, "comment": COMMENT}
SHOW: dict[str, dict[str, Cell]] = {
    "DATABASE": {
        "created_on": CREATED, "name": NAME, "is_default": const("N"),
        "is_current": lambda s, t: "Y" if s.database == t.name else "N", "origin": const(""), **OWNED,
        "options": managed, "retention_time": retention, "kind": const("STANDARD"), "budget": const(None), **ROLE_TYPE,
    },
    "SCHEMA": {
        "created_on": CREATED, "name": NAME, "is_default": const("N"),
        "is_current": lambda s, t: "Y" if (s.database, s.schema) == t.path else "N",
        "database_name": attribute("database"), **OWNED, "options": managed, "retention_time": retention, **ROLE_TYPE,
        "budget": const(None),
    },
    "WAREHOUSE": {
        "name": NAME, "state": fact("state"), "type": option("WAREHOUSE_TYPE", "STANDARD"),
        "size": lambda s, t: SIZES.get(str(t.options.get("WAREHOUSE_SIZE", "XSMALL")).replace("-", ""), "X-Small"),
        "min_cluster_count": option("MIN_CLUSTER_COUNT", 1), "max_cluster_count": option("MAX_CLUSTER_COUNT", 1),
        "started_clusters": const(0), "running": const(0), "queued": const(0), "is_default": const("N"),
        "is_current": lambda s, t: "Y" if s.warehouse == t.name else "N", "auto_suspend": option("AUTO_SUSPEND", 600),
        "auto_resume": switch("AUTO_RESUME", True), "available": const(""), "provisioning": const(""),
        "quiescing": const(""), "other": const(""), "created_on": CREATED, "resumed_on": CREATED, "updated_on": CREATED,
        **OWNED, "enable_query_acceleration": switch("ENABLE_QUERY_ACCELERATION"),
        "query_acceleration_max_scale_factor": option("QUERY_ACCELERATION_MAX_SCALE_FACTOR", 8),
        "resource_monitor": option("RESOURCE_MONITOR", "null"), "scaling_policy": option("SCALING_POLICY", "STANDARD"),
        "budget": const(None), **ROLE_TYPE, "resource_constraint": option("RESOURCE_CONSTRAINT", None),
    },
    "RESOURCE MONITOR": {
        "name": NAME, "credit_quota": lambda s, t: f"{t.options.get('CREDIT_QUOTA', 0):.2f}",
        "used_credits": const("0.00"), "remaining_credits": lambda s, t: f"{t.options.get('CREDIT_QUOTA', 0):.2f}",
        "level": monitored,
        "frequency": option("FREQUENCY", "MONTHLY"), "start_time": CREATED, "end_time": option("END_TIMESTAMP", None),
        "notify_at": percents("NOTIFY"), "suspend_at": percents("SUSPEND"),
        "suspend_immediately_at": percents("SUSPEND_IMMEDIATE"), "created_on": CREATED, **OWNED,
        "notify_users": lambda s, t: ", ".join(t.options.get("NOTIFY_USERS", [])),
    },
    "ROLE": {
        "created_on": CREATED, "name": NAME, "is_default": const("N"),
        "is_current": lambda s, t: "Y" if s.role == t.name else "N",
        "is_inherited": lambda s, t: "Y" if t.name in s.account.access.roles_of(s.role) and t.name != s.role else "N",
        "assigned_to_users": held("USER"), "granted_to_roles": held("ROLE"), "granted_roles": holds, **OWNED,
    },
    "DATABASE ROLE": {
        "created_on": CREATED, "name": NAME, "is_default": const("N"), "is_current": const("N"),
        "is_inherited": lambda s, t: "Y" if t.full in s.account.access.roles_of(s.role) else "N",
        "granted_to_roles": held("ROLE"), "granted_to_database_roles": const(0), "granted_database_roles": holds,
        **OWNED,
        **ROLE_TYPE,
    },
    "USER": {
        "name": NAME, "created_on": CREATED, "login_name": lambda s, t: t.options.get("LOGIN_NAME", t.name),
        "display_name": lambda s, t: t.options.get("DISPLAY_NAME", t.name), "first_name": option("FIRST_NAME"),
        "last_name": option("LAST_NAME"), "email": option("EMAIL"), "mins_to_unlock": const(""),
        "days_to_expiry": const(""), "comment": COMMENT, "disabled": switch("DISABLED"),
        "must_change_password": switch("MUST_CHANGE_PASSWORD"), "snowflake_lock": const("false"),
        "default_warehouse": option("DEFAULT_WAREHOUSE"), "default_namespace": option("DEFAULT_NAMESPACE"),
        "default_role": option("DEFAULT_ROLE"), "default_secondary_roles": option("DEFAULT_SECONDARY_ROLES", []),
        "ext_authn_duo": const("false"), "ext_authn_uid": const(""), "mins_to_bypass_mfa": const(""), "owner": OWNER,
        "last_success_login": const(None), "expires_at_time": const(None), "locked_until_time": const(None),
        "has_password": lambda s, t: flag("PASSWORD" in t.options),
        "has_rsa_public_key": lambda s, t: flag("RSA_PUBLIC_KEY" in t.options), "type": option("TYPE", None),
        "has_mfa": const("false"),
    },
    "INTEGRATION": {
        "name": NAME, "type": integration_type, "category": fact("category"), "enabled": switch("ENABLED"),
        "comment": COMMENT, "created_on": CREATED,
    },
    "NETWORK POLICY": {
        "created_on": CREATED, "name": NAME, "comment": COMMENT,
        "entries_in_allowed_ip_list": count("ALLOWED_IP_LIST"), "entries_in_blocked_ip_list": count("BLOCKED_IP_LIST"),
        "entries_in_allowed_network_rules": count("ALLOWED_NETWORK_RULE_LIST"),
        "entries_in_blocked_network_rules": count("BLOCKED_NETWORK_RULE_LIST"),
    },
    "NETWORK RULE": {
        **PLACE, **OWNED, "type": option("TYPE"), "mode": option("MODE"), "entries_in_valuelist": count("VALUE_LIST"),
        **ROLE_TYPE,
    },
    "FILE FORMAT": {
        **PLACE, "type": option("TYPE"), **OWNED,
        "format_options": lambda s, t: {k: v for k, v in t.options.items() if k != "COMMENT"}, **ROLE_TYPE,
    },
    "STAGE": {
        **PLACE, "url": option("URL"), "has_credentials": lambda s, t: "Y" if "CREDENTIALS" in t.options else "N",
        "has_encryption_key": lambda s, t: "Y" if "MASTER_KEY" in t.options.get("ENCRYPTION", {}) else "N", **OWNED,
        "region": lambda s, t: s.account.storage.region if t.options.get("URL") else None,
        "type": lambda s, t: "EXTERNAL" if t.options.get("URL") else "INTERNAL", "cloud": cloud,
        "notification_channel": directory_channel, "storage_integration": option("STORAGE_INTEGRATION", None),
        "endpoint": const(None), **ROLE_TYPE,
        "directory_enabled": lambda s, t: "Y" if t.options.get("DIRECTORY", {}).get("ENABLE") else "N",
    },
    "TABLE": {
        **PLACE, "kind": table_kind, "comment": COMMENT, "cluster_by": clustering, "rows": rows, "bytes": const(0),
        "owner": OWNER, "retention_time": retention,
        "automatic_clustering": lambda s, t: "ON" if t.facts.get("cluster_by") else "OFF",
        "change_tracking": switch("CHANGE_TRACKING", words=("ON", "OFF")), "search_optimization": const("OFF"),
        "search_optimization_progress": const(None), "search_optimization_bytes": const(None),
        "is_external": const("N"), "enable_schema_evolution": switch("ENABLE_SCHEMA_EVOLUTION", words=("Y", "N")),
        **ROLE_TYPE, "is_event": const("N"), "budget": const(None), "is_hybrid": const("N"), "is_iceberg": const("N"),
        "is_dynamic": lambda s, t: "Y" if t.kind == "DYNAMIC TABLE" else "N", "is_immutable": const("N"),
    },
    "VIEW": {
        "created_on": CREATED, "name": NAME, "reserved": const(""), "database_name": attribute("database"),
        "schema_name": attribute("schema"), **OWNED, "text": fact("text"),
        "is_secure": lambda s, t: flag(t.facts.get("secure")),
        "is_materialized": lambda s, t: flag(t.kind == "MATERIALIZED VIEW"), **ROLE_TYPE,
        "change_tracking": switch("CHANGE_TRACKING", words=("ON", "OFF")),
    },
    "DYNAMIC TABLE": {
        **PLACE, "cluster_by": clustering, "rows": rows, "bytes": const(0), "owner": OWNER,
        "target_lag": option("TARGET_LAG"), "refresh_mode": fact("mode"), "refresh_mode_reason": const(None),
        "warehouse": option("WAREHOUSE"), "comment": COMMENT, "text": fact("text"),
        "automatic_clustering": const("OFF"),
        "scheduling_state": fact("state"), "last_suspended_on": const(None), "is_clone": const("false"),
        "is_replica": const("false"), "is_iceberg": const("false"), "data_timestamp": fact("refreshed"), **ROLE_TYPE,
    },
    "STREAM": {
        **PLACE, **OWNED, "table_name": lambda s, t: ".".join(t.facts["table"]), "source_type": const("Table"),
        "base_tables": lambda s, t: ".".join(t.facts["table"]), "type": const("DELTA"), "stale": stale,
        "mode": lambda s, t: "APPEND_ONLY" if t.options.get("APPEND_ONLY") else "DEFAULT",
        "stale_after": streams.stale_after, "invalid_reason": const("N/A"), **ROLE_TYPE,
    },
    "PIPE": {
        **PLACE, "definition": fact("copy"), "owner": OWNER, "notification_channel": fact("channel"),
        "comment": COMMENT, "integration": option("INTEGRATION", None), "pattern": pattern,
        "error_integration": option("ERROR_INTEGRATION", None), **ROLE_TYPE, "invalid_reason": pipe_error,
        "kind": const("STAGE"),
    },
    "TASK": {
        "created_on": CREATED, "name": NAME, "id": lambda s, t: f"{t.number:08x}",
        "database_name": attribute("database"),
        "schema_name": attribute("schema"), **OWNED, "warehouse": option("WAREHOUSE", None),
        "schedule": option("SCHEDULE", None), "predecessors": lambda s, t: [".".join(p) for p in t.facts["after"]],
        "state": fact("state"), "definition": fact("body"), "condition": fact("condition"),
        "allow_overlapping_execution": switch("ALLOW_OVERLAPPING_EXECUTION"),
        "error_integration": option("ERROR_INTEGRATION", "null"), "last_committed_on": CREATED,
        "last_suspended_on": const(None), **ROLE_TYPE, "config": option("CONFIG", None), "budget": const(None),
        "task_relations": lambda s, t: {"Predecessors": [".".join(p) for p in t.facts["after"]]},
        "last_suspended_reason": const(None), "success_integration": option("SUCCESS_INTEGRATION", "null"),
        "scheduling_mode": const("FIXED"), "target_completion_interval": option("TARGET_COMPLETION_INTERVAL", None),
    },
    "TAG": {
        **PLACE, **OWNED, "allowed_values": fact("allowed"), **ROLE_TYPE, "propagate": const(None),
    },
    "MASKING POLICY": {**PLACE, "kind": attribute("kind"), **OWNED, **ROLE_TYPE, "options": const("")},
    "ROW ACCESS POLICY": {**PLACE, "kind": attribute("kind"), **OWNED, **ROLE_TYPE, "options": const("")},
    "PROCEDURE": {
        "created_on": CREATED, "name": NAME, "schema_name": attribute("schema"), "catalog_name": attribute("database"),
        "arguments": lambda s, t: f"{t.name}() RETURN {t.facts['returns']}", "description": COMMENT,
    },
    "SEQUENCE": {**PLACE, **OWNED},
    "ALERT": {
        **PLACE, **OWNED, "warehouse": option("WAREHOUSE", None), "schedule": option("SCHEDULE", None),
        "state": fact("state"), "condition": fact("condition"), "action": fact("action"), **ROLE_TYPE,
    },
}  # fmt: skip
SHOW["MATERIALIZED VIEW"] = SHOW["VIEW"]
LIMIT = 10_000
"""SHOW returns no more rows than this."""


def visible(session: "Session", kinds: tuple[str, ...], within: Path) -> list[Thing]:
    found = [
        thing
        for thing in session.account.catalog.of(*kinds, within=within)
        if session.account.access.sees(session.role, thing)
    ]
    return sorted(found, key=lambda thing: thing.path)
