"""Rules about streams, records and paging that can't work."""

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
        "can't "
        "be told apart as partitions.",
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
        "E306",
        "The source is named other than its file",
        "Everything finds a source by its file: `framework run shop` reads sources/shop.yaml, and tables, parts and "
        "DAG bear "
        "the name inside.",
        bad="name: store\n",
        good="name: shop\n",
    ),
    Rule(
        "E307",
        "A schedule that never runs",
        "The cron expression does not parse or names a day that never comes, or the time zone does not exist. The DAG "
        "would "
        "not import.",
        bad='schedule: {cron: "0 25 * * *"}\n',
        good='schedule: {cron: "0 3 * * *", timezone: Europe/Amsterdam}\n',
    ),
    Rule(
        "E308",
        "A config value's rule is no JSON Schema",
        "What stands under `config` is checked against this rule in every environment; one that is misspelt checks "
        "nothing.",
        bad="""\
config: {region: {type: string, defualt: eu}}
http: {base_url: "https://{{ config.region }}.shop.example"}
""",
        good="""\
config: {region: {type: string, default: eu}}
http: {base_url: "https://{{ config.region }}.shop.example"}
""",
    ),
    Rule(
        "E311",
        "`delete_when` can't be answered by the warehouse",
        "The condition runs as SQL: fields, literals, ==, !=, <, <=, >, >=, &&, || and !. It deletes keys, so it goes "
        "with "
        "`merge` and `history` only.",
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
    Rule(
        "E321",
        "Partitions and positions that can't be had together",
        "A batch of parents has no position of its own, `only_changed` follows one parent, and `first_run` is about "
        "streams "
        "that are incremental.",
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
    Rule(
        "E322",
        "`choose` may choose what is not there",
        "A deployment that sets this value would fail with its first request.",
        bad="""\
secrets: [token]
config: {kind: {type: string, enum: [token, key], default: token}}
http:
  base_url: https://api.shop.example
  auth:
    type: choose
    by: "{{ config.kind }}"
    of: {token: {type: bearer, token: "{{ secrets.token }}"}}
""",
        good="""\
secrets: [token]
config: {kind: {type: string, enum: [token], default: token}}
http:
  base_url: https://api.shop.example
  auth:
    type: choose
    by: "{{ config.kind }}"
    of: {token: {type: bearer, token: "{{ secrets.token }}"}}
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
    Rule(
        "E340",
        "A hook that is not there",
        "`FILE.py:FUNCTION` names a function in a file beside the spec. Nothing is run to find out: docs/hooks.md.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders, hook: shop.py:sign}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
""",
    ),
    Rule(
        "E351",
        "Paging can't begin again without a position",
        "`restart` asks for a new first page from the last record's cursor on. That needs a cursor, a key to tell "
        "apart what "
        "both readings hold, and a request that sends window.start.",
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
