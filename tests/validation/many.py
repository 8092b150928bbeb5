"""A project of many specs, each like a real one: auth, paging, windows, a child, typed tables, a mart."""

from pathlib import Path

_SPEC = """\
# yaml-language-server: $schema=../docs/reference/source.schema.json
version: 1
name: {name}
title: Shop {n}
config:
  region: {{type: string, enum: [eu, us], default: eu}}
  start_date: {{type: string, format: date, default: 2024-01-01}}
secrets: [client_id, client_secret, hash_key]
http:
  base_url: https://api{n}.shop.example/{{{{ config.region }}}}
  timeout: 30s
  rate_limit: {{requests: 10, per: 1s}}
  auth:
    type: oauth2
    grant: client_credentials
    token_url: https://auth{n}.shop.example/token
    client_id: "{{{{ secrets.client_id }}}}"
    client_secret: "{{{{ secrets.client_secret }}}}"
  responses:
    - {{when: {{status: 404}}, then: skip}}
schedule: {{cron: "{minute} {hour} * * *", timezone: Europe/Amsterdam, tags: [commerce]}}
defaults:
  pagination: {{type: cursor, next: meta.next_cursor, param: cursor, page_size: {{param: limit, value: 500}}}}
  primary_key: [id]
streams:
  - name: orders
    request: {{path: /orders, params: {{since: "{{{{ window.start }}}}", until: "{{{{ window.end }}}}"}}}}
    records: data
    incremental: {{cursor: updated_at, start: "{{{{ config.start_date }}}}", window: 7d, lookback: 1h}}
    clean:
      table: CLN_{upper}_ORDER
      delete_when: "status == 'deleted'"
      columns:
        order_id: {{from: id, type: integer}}
        total: {{from: total.amount, type: "decimal(18,2)"}}
        updated_at: {{from: updated_at, type: timestamp}}
    checks: {{freshness: {{of: load, max: 6h}}, not_null: [order_id], unique: [order_id]}}
  - name: order_lines
    for_each: {{stream: orders, as: order, only_changed: true}}
    request: {{path: "/orders/{{{{ order.id }}}}/lines"}}
    records: {{path: data, add: {{order_id: "{{{{ order.id }}}}"}}}}
    primary_key: [order_id, line_no]
    clean: {{table: CLN_{upper}_LINE, mode: replace, scope: partition}}
  - name: customers
    request: {{path: /customers}}
    records: {{path: data, drop: [password_hint], hash: {{fields: [email], key: "{{{{ secrets.hash_key }}}}"}}}}
    clean: {{table: CLN_{upper}_CUSTOMER, mode: history}}
analytics:
  - table: ANL_{upper}_REVENUE
    sql: |
      select date_trunc('day', updated_at) as day, sum(total) as revenue, count(*) as orders
      from {{{{ ref('CLN_{upper}_ORDER') }}}}
      group by 1
"""
_SETTINGS = """\
version: 1
project: many
environments:
  local: {}
  prod:
    stage: {type: s3, bucket: acme-raw}
    warehouse: {type: duckdb, path: prod.duckdb}
default_environment: local
"""


def write(folder: Path, count: int) -> Path:
    """The project's folder, with so many specs."""
    (folder / "sources").mkdir(parents=True)
    (folder / "framework.yaml").write_text(_SETTINGS, encoding="utf-8")
    for n in range(count):
        name = f"shop_{n:04}"
        text = _SPEC.format(n=n, name=name, upper=name.upper(), minute=n % 60, hour=n // 60 % 24)
        (folder / "sources" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder
