"""Rules about keys, positions and checks of a stream that can't work."""

from framework.rules.base import Rule

RULES = [
    Rule(
        "E303",
        "Two streams have one name",
        "Parts, log and tasks go by the stream's name: the two would overwrite each other's position.",
        bad="""\
streams:
  - {name: orders, request: {path: /orders}}
  - {name: orders, request: {path: /archive/orders}}
""",
        good="""\
streams:
  - {name: orders, request: {path: /orders}}
  - {name: old_orders, request: {path: /archive/orders}}
""",
    ),
    Rule(
        "E305",
        "No primary key where records must be told apart",
        "Without a key, `merge` and `history` can't see which row is the new version of which, and a parent's records "
        "can't be told apart as partitions.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    clean: {table: CLN_ORDER, mode: merge}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    primary_key: [id]
    clean: {table: CLN_ORDER, mode: merge}
""",
    ),
    Rule(
        "E311",
        "`delete_when` can't be answered by the warehouse",
        "The condition runs as SQL: fields, literals, ==, !=, <, <=, >, >=, &&, || and !. It deletes keys, so it goes "
        "with `merge` and `history` only.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    primary_key: [id]
    clean: {table: CLN_ORDER, delete_when: "contains(status, 'deleted')"}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    primary_key: [id]
    clean: {table: CLN_ORDER, delete_when: "status == 'deleted'"}
""",
    ),
    Rule(
        "E312",
        "A check of what is not there",
        "Checks look at the columns of the CLEAN table by their names there, not at the fields of the record.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    primary_key: [id]
    clean: {table: CLN_ORDER, columns: {order_id: {from: id, type: integer}}}
    checks: {not_null: [id]}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    primary_key: [id]
    clean: {table: CLN_ORDER, columns: {order_id: {from: id, type: integer}}}
    checks: {not_null: [order_id]}
""",
    ),
    Rule(
        "E313",
        "`incremental.start` is no instant",
        "The first run begins there. Dates are written year first.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}"}}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 01/31/2024}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}"}}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 2024-01-31}
""",
    ),
    Rule(
        "E320",
        "`replace` on an incremental stream",
        "It would keep what the last run read, which is only what changed, and delete all the rest.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}"}}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 2024-01-01}
    clean: {table: CLN_ORDER, mode: replace}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}"}}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 2024-01-01}
    clean: {table: CLN_ORDER, mode: merge}
""",
    ),
]
