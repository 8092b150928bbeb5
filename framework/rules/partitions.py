"""Rules about streams that follow each other, and partitions, that can't work."""

from framework.rules.base import Rule

RULES = [
    Rule(
        "E301",
        "A stream follows one that does not exist",
        "`for_each: {stream: …}` names another stream of the same file.",
        bad="""\
streams:
  - {name: orders, request: {path: /orders}, primary_key: [id]}
  - name: lines
    for_each: {stream: order, as: order}
    request: {path: "/orders/{{ order.id }}/lines"}
""",
        good="""\
streams:
  - {name: orders, request: {path: /orders}, primary_key: [id]}
  - name: lines
    for_each: {stream: orders, as: order}
    request: {path: "/orders/{{ order.id }}/lines"}
""",
    ),
    Rule(
        "E302",
        "Streams follow each other in a circle",
        "None of them could be read first, and no DAG can be made of them.",
        bad="""\
streams:
  - name: orders
    for_each: {stream: customers, as: customer}
    request: {path: "/customers/{{ customer.id }}/orders"}
    primary_key: [id]
  - name: customers
    for_each: {stream: orders, as: order}
    request: {path: "/orders/{{ order.id }}/customer"}
    primary_key: [id]
""",
        good="""\
streams:
  - name: orders
    for_each: {stream: customers, as: customer}
    request: {path: "/customers/{{ customer.id }}/orders"}
    primary_key: [id]
  - name: customers
    request: {path: /customers}
    primary_key: [id]
""",
    ),
    Rule(
        "E314",
        "`for_each` gives a name or a list that can't be used",
        "A name that templates know as something else would hide it, and only a list can be gone through.",
        bad="""\
streams:
  - name: stock
    for_each: {values: "AMS,DUB", as: warehouse}
    request: {path: "/warehouses/{{ warehouse }}/stock"}
""",
        good="""\
streams:
  - name: stock
    for_each: {values: [AMS, DUB], as: warehouse}
    request: {path: "/warehouses/{{ warehouse }}/stock"}
""",
    ),
    Rule(
        "E315",
        "`scope: partition` without partitions to replace",
        "It says that each partition's rows are replaced by themselves: the stream needs `for_each`, and the mode "
        "`replace`.",
        bad="""\
streams:
  - name: stock
    request: {path: /stock}
    clean: {table: CLN_STOCK, mode: replace, scope: partition}
""",
        good="""\
streams:
  - name: stock
    for_each: {values: [AMS, DUB], as: warehouse}
    request: {path: "/warehouses/{{ warehouse }}/stock"}
    clean: {table: CLN_STOCK, mode: replace, scope: partition}
""",
    ),
    Rule(
        "E321",
        "Partitions and positions that can't be had together",
        "A batch of parents has no position of its own, `only_changed` follows one parent, and `first_run` is about "
        "streams that are incremental.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    first_run: {request: {path: /orders/export}}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}"}}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 2024-01-01}
    first_run: {request: {path: /orders/export}}
""",
    ),
]
