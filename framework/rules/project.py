"""Rules about several files together: specs, framework.yaml and its environments."""

from framework.rules.base import Rule

_SHOP = """\
# sources/shop.yaml
config: {region: {type: string, enum: [eu, us]}}
http: {base_url: "https://{{ config.region }}.shop.example"}
"""

RULES = [
    Rule(
        "E401",
        "Two files are one source",
        "`framework run shop` would not know which one is meant, and both would write under one name.",
        bad="""\
# sources/shop.yaml
title: The shop
# sources/old/shop.yaml
title: The old shop
""",
        good="""\
# sources/shop.yaml
title: The shop
# sources/old/old_shop.yaml
name: old_shop
title: The old shop
""",
    ),
    Rule(
        "E402",
        "Two sources make one table",
        "All sources of an environment share a warehouse, and its names ignore case. The run that comes second would "
        "stop.",
        bad="""\
# sources/shop.yaml
streams: [{name: orders, request: {path: /orders}, primary_key: [id], clean: {table: CLN_ORDER}}]
# sources/store.yaml
streams: [{name: orders, request: {path: /orders}, primary_key: [id], clean: {table: cln_order}}]
""",
        good="""\
# sources/shop.yaml
streams: [{name: orders, request: {path: /orders}, primary_key: [id], clean: {table: CLN_SHOP_ORDER}}]
# sources/store.yaml
streams: [{name: orders, request: {path: /orders}, primary_key: [id], clean: {table: CLN_STORE_ORDER}}]
""",
    ),
    Rule(
        "E403",
        "framework.yaml names a source that has no spec",
        "The settings belong to nothing. A deployment under another name says which spec it is of: `shop_eu: {spec: "
        "shop}`.",
        bad="""\
# sources/shop.yaml
title: The shop
# framework.yaml
environments:
  local:
    sources: {shpo: {rate_limit: {requests: 1}}}
""",
        good="""\
# sources/shop.yaml
title: The shop
# framework.yaml
environments:
  local:
    sources: {shop: {rate_limit: {requests: 1}}}
""",
    ),
    Rule(
        "E404",
        "An environment lacks a value that a source needs",
        "The config value has no default, so every environment that runs the source must give it.",
        bad=_SHOP + """\
# framework.yaml
environments:
  local:
    sources: {}
""",
        good=_SHOP + """\
# framework.yaml
environments:
  local:
    sources: {shop: {config: {region: eu}}}
""",
    ),
    Rule(
        "E405",
        "An environment sets a value that the source does not know",
        "It would do nothing. The spec declares what can be set under `config`.",
        bad=_SHOP + """\
# framework.yaml
environments:
  local:
    sources: {shop: {config: {region: eu, regoin: us}}}
""",
        good=_SHOP + """\
# framework.yaml
environments:
  local:
    sources: {shop: {config: {region: eu}}}
""",
    ),
    Rule(
        "E406",
        "An environment's value breaks the source's rule for it",
        "The spec's `config` holds a JSON Schema for each value.",
        bad=_SHOP + """\
# framework.yaml
environments:
  local:
    sources: {shop: {config: {region: europe}}}
""",
        good=_SHOP + """\
# framework.yaml
environments:
  local:
    sources: {shop: {config: {region: eu}}}
""",
    ),
    Rule(
        "E407",
        "An environment's schedule can't run",
        "It takes the place of the spec's own, and is held to the same rules.",
        bad="""\
# sources/shop.yaml
schedule: {cron: "@daily"}
# framework.yaml
environments:
  local:
    sources: {shop: {schedule: {cron: "0 25 * * *"}}}
""",
        good="""\
# sources/shop.yaml
schedule: {cron: "@daily"}
# framework.yaml
environments:
  local:
    sources: {shop: {schedule: {cron: "0 3 * * *"}}}
""",
    ),
    Rule(
        "E408",
        "The DAG would not build",
        "Airflow would show an import error in place of the DAG: it takes names of up to 250 characters and tags of "
        "up to 100.",
        bad=f"""\
# sources/shop.yaml
schedule: {{cron: "@daily", tags: [{"a-very-long-tag-" * 7}]}}
""",
        good="""\
# sources/shop.yaml
schedule: {cron: "@daily", tags: [commerce]}
""",
    ),
    Rule(
        "E409",
        "framework.yaml refers to what is not there",
        "`default_environment` is one of `environments`, and a secret is named `secret:OWNER#NAME`.",
        bad="""\
# framework.yaml
default_environment: dev
environments:
  local: {}
""",
        good="""\
# framework.yaml
default_environment: local
environments:
  local: {}
""",
    ),
    Rule(
        "E410",
        "What Snowflake needs can't be written down",
        "`framework deploy render` would stop there: an environment in Snowflake reads its parts from S3 or Azure, "
        "and each source's tables and marts must render.",
        bad="""\
# framework.yaml
default_environment: prod
environments:
  prod:
    stage: {type: local, path: stage}
    warehouse: {type: snowflake, account: a, user: U, database: D, warehouse: W, role: R}
""",
        good="""\
# framework.yaml
default_environment: prod
environments:
  prod:
    stage: {type: s3, bucket: acme-raw}
    warehouse: {type: snowflake, account: a, user: U, database: D, warehouse: W, role: R}
""",
    ),
    Rule(
        "W401",
        "Two secrets share one environment variable",
        "In the store `env` a secret is the variable OWNER_NAME, so shop / eu_token and shop_eu / token are both "
        "SHOP_EU_TOKEN: one of the two sources gets the other's secret.",
        bad="""\
# sources/shop.yaml
secrets: [eu_token]
http: {base_url: https://a.example, auth: {type: bearer, token: "{{ secrets.eu_token }}"}}
# sources/shop_eu.yaml
secrets: [token]
http: {base_url: https://b.example, auth: {type: bearer, token: "{{ secrets.token }}"}}
""",
        good="""\
# sources/shop.yaml
secrets: [token]
http: {base_url: https://a.example, auth: {type: bearer, token: "{{ secrets.token }}"}}
# sources/shop_eu.yaml
secrets: [token]
http: {base_url: https://b.example, auth: {type: bearer, token: "{{ secrets.token }}"}}
""",
    ),
    Rule(
        "W402",
        "Two sources call one host at the same minute",
        "Each keeps to its own rate limit and knows nothing of the other's, so together they get throttled.",
        bad="""\
# sources/shop.yaml
http: {base_url: https://api.shop.example/v1}
schedule: {cron: "0 3 * * *"}
# sources/shop_stock.yaml
http: {base_url: https://api.shop.example/v2}
schedule: {cron: "0 3 * * *"}
""",
        good="""\
# sources/shop.yaml
http: {base_url: https://api.shop.example/v1}
schedule: {cron: "0 3 * * *"}
# sources/shop_stock.yaml
http: {base_url: https://api.shop.example/v2}
schedule: {cron: "30 3 * * *"}
""",
    ),
    Rule(
        "W403",
        "Two environments keep their data in one place",
        "Their runs share positions and tables: what one has read, the other takes for read.",
        bad="""\
# framework.yaml
default_environment: dev
environments:
  dev: {stage: {type: s3, bucket: acme-raw}, warehouse: {type: duckdb, path: dev.duckdb}}
  prod: {stage: {type: s3, bucket: acme-raw}, warehouse: {type: duckdb, path: prod.duckdb}}
""",
        good="""\
# framework.yaml
default_environment: dev
environments:
  dev: {stage: {type: s3, bucket: acme-raw, prefix: dev/}, warehouse: {type: duckdb, path: dev.duckdb}}
  prod: {stage: {type: s3, bucket: acme-raw, prefix: prod/}, warehouse: {type: duckdb, path: prod.duckdb}}
""",
    ),
]
