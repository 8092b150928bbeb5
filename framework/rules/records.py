"""Rules about records, and formats they come in, that can't work."""

from framework.rules.base import Rule

RULES = [
    Rule(
        "E316",
        "A field is used that the records no longer hold by that name",
        "Edits of `records` (drop, hash, rename, flatten) come first. Key, cursor and children see what they leave "
        "behind.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    records: {path: data, drop: [id]}
    primary_key: [id]
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    records: {path: data, drop: [email]}
    primary_key: [id]
""",
    ),
    Rule(
        "E330",
        "A format that does not hold what is asked of it",
        "CSV and JSON Lines are records and nothing else: they have no path, no total and no next page inside.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders.csv}
    format: {type: csv}
    records: data
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders.csv}
    format: {type: csv}
""",
    ),
    Rule(
        "E331",
        "Edits of records that contradict each other",
        "Two fields can't get one name, and a field that was renamed is known by its new name from then on.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    records: {path: data, rename: {Id: id, ID: id}}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    records: {path: data, rename: {Id: id, ID: old_id}}
""",
    ),
]
