"""Rules about files that can't be read."""

from framework.rules.base import Rule

RULES = [
    Rule(
        "E001",
        "This is no YAML",
        "Nothing of the file can be trusted from here on, so this is the only problem that is shown of it. Most often "
        "a quote or a bracket is never closed, a text holds `: ` without quotes, or a line is indented with tabs.",
        bad="title: Orders: all of them\n",
        good='title: "Orders: all of them"\n',
    ),
    Rule(
        "E002",
        "A key stands twice",
        "YAML tools keep one of the two without a word, often not the one that was meant.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    records: data
    records: items
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    records: items
""",
    ),
    Rule(
        "E003",
        "A part of YAML that is not used here",
        "Tags, merge keys (`<<`), keys that are lists, and aliases that lead back to themselves read differently from "
        "tool to tool. Write plain values; what all streams share goes to `defaults`.",
        bad="""\
streams:
  - &orders
    name: orders
    request: {path: /orders}
  - <<: *orders
    name: drafts
    request: {path: /drafts}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
  - name: drafts
    request: {path: /drafts}
""",
    ),
    Rule(
        "E004",
        "The file can't be read",
        'It is not there, may not be opened, or holds bytes that are no UTF-8 text. An editor\'s "save with encoding" '
        "mends the latter.",
        bad="title: Caf\udce9 orders\n",
        good="title: Café orders\n",
    ),
]
