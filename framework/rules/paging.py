"""Rules about paging that can't work."""

from framework.rules.base import Rule

RULES = [
    Rule(
        "E351",
        "Paging can't begin again without a position",
        "`restart` asks for a new first page from the last record's cursor on. That needs a cursor, a key to tell "
        "apart what both readings hold, and a request that sends window.start.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders, params: {sort: id}}
    pagination: {type: page_number, param: page, restart: {after_records: 10000}}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders, params: {sort: id, since: "{{ window.start }}"}}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 2024-01-01}
    pagination: {type: page_number, param: page, restart: {after_records: 10000}}
""",
    ),
    Rule(
        "E352",
        "The token of the next page is never sent",
        "Every page would be the first one again.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    pagination: {type: cursor, next: next, path: /orders/next}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    pagination: {type: cursor, next: next, path: "/orders/next/{{ token }}"}
""",
    ),
    Rule(
        "E353",
        "A field of the JSON body has no place to stand",
        "Something else than a mapping stands on the way to it.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders, method: POST, json: {page: all}}
    pagination: {type: cursor, next: next, body: page.after}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders, method: POST, json: {page: {size: 100}}}
    pagination: {type: cursor, next: next, body: page.after}
""",
    ),
]
