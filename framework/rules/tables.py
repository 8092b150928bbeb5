"""Rules about tables, SQL and secrets."""

from framework.rules.base import Rule

RULES = [
    Rule(
        "E304",
        "Two tables have one name",
        "Warehouses do not tell cln_order from CLN_ORDER. RAW_NAME_JSON is the source's own RAW table.",
        bad="""\
streams:
  - {name: orders, request: {path: /orders}, primary_key: [id], clean: {table: CLN_ORDER}}
  - {name: drafts, request: {path: /drafts}, primary_key: [id], clean: {table: cln_order}}
""",
        good="""\
streams:
  - {name: orders, request: {path: /orders}, primary_key: [id], clean: {table: CLN_ORDER}}
  - {name: drafts, request: {path: /drafts}, primary_key: [id], clean: {table: CLN_DRAFT}}
""",
    ),
    Rule(
        "E309",
        "SQL that does not parse",
        "A table of ANALYTICS is made of one select. Where an environment uses DuckDB, its own parser reads it.",
        bad="""\
streams:
  - {name: orders, request: {path: /orders}, primary_key: [id], clean: {table: CLN_ORDER}}
analytics:
  - table: ANL_ORDERS
    sql: select count(* from {{ ref('CLN_ORDER') }}
""",
        good="""\
streams:
  - {name: orders, request: {path: /orders}, primary_key: [id], clean: {table: CLN_ORDER}}
analytics:
  - table: ANL_ORDERS
    sql: select count(*) as orders from {{ ref('CLN_ORDER') }}
""",
    ),
    Rule(
        "E310",
        "`ref` names no table, or tables are made of each other",
        "`{{ ref('…') }}` takes the CLEAN tables and those of `analytics` of this file, and puts them in their order.",
        bad="""\
streams:
  - {name: orders, request: {path: /orders}, primary_key: [id], clean: {table: CLN_ORDER}}
analytics:
  - table: ANL_ORDERS
    sql: select count(*) as orders from {{ ref('CLN_ORDERS') }}
""",
        good="""\
streams:
  - {name: orders, request: {path: /orders}, primary_key: [id], clean: {table: CLN_ORDER}}
analytics:
  - table: ANL_ORDERS
    sql: select count(*) as orders from {{ ref('CLN_ORDER') }}
""",
    ),
    Rule(
        "E317",
        "SQL asks for what its tables do not have",
        "The tables are made empty in a DuckDB in memory, as they would be in the warehouse, and the SQL is bound to "
        "them: columns, functions and types must exist. Left out where every environment uses another warehouse, or "
        "where the SQL holds a config value that no default gives.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    primary_key: [id]
    clean: {table: CLN_ORDER, columns: {order_id: {from: id, type: integer}}}
analytics:
  - table: ANL_ORDERS
    sql: select max(orderid) as newest from {{ ref('CLN_ORDER') }}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    primary_key: [id]
    clean: {table: CLN_ORDER, columns: {order_id: {from: id, type: integer}}}
analytics:
  - table: ANL_ORDERS
    sql: select max(order_id) as newest from {{ ref('CLN_ORDER') }}
""",
        may_be_silenced=True,
    ),
    Rule(
        "E318",
        "A column has a name that the table needs itself",
        "The table could not be made: `history` adds valid_from, valid_to and is_current.",
        bad="""\
streams:
  - name: prices
    request: {path: /prices}
    primary_key: [sku]
    clean:
      table: CLN_PRICE
      mode: history
      columns: {sku: {from: sku}, valid_from: {from: from, type: date}}
""",
        good="""\
streams:
  - name: prices
    request: {path: /prices}
    primary_key: [sku]
    clean:
      table: CLN_PRICE
      mode: history
      columns: {sku: {from: sku}, price_from: {from: from, type: date}}
""",
    ),
    Rule(
        "E319",
        "A secret stands in the file",
        "Whoever reads the repository has it, for as long as its history lives. Put the value into the environment's "
        "secret store, name it in `secrets` and write `{{ secrets.NAME }}`; then have the old value revoked. The "
        "value is never shown by `validate`. For one that is public, such as a demo key: `# noqa: E319 reason`.",
        bad="""\
http:
  base_url: https://api.shop.example
  auth: {type: bearer, token: not-a-real-token}
""",
        good="""\
secrets: [token]
http:
  base_url: https://api.shop.example
  auth: {type: bearer, token: "{{ secrets.token }}"}
""",
        may_be_silenced=True,
    ),
]
