"""Rules about what is legal and likely not meant, and about the comments that silence them."""

from framework.rules.base import Rule

_READ = 'request: {path: /orders, params: {since: "{{ window.start }}", until: "{{ window.end }}"}}'

RULES = [
    Rule(
        "W101",
        "A `noqa` that silences nothing",
        "What it was written for is gone, and it would hide the next one of its kind.",
        bad="title: Orders  # noqa: W203 the table is made elsewhere\n",
        good="title: Orders\n",
        fixed=True,
    ),
    Rule(
        "W102",
        "A `noqa` that can't silence",
        "It names a warning by its code, and says why: `# noqa: W204 orders never change`. An error can't be "
        "silenced, since the source would not run all the same.",
        bad="title: Orders  # noqa: W999 no such rule\n",
        good="title: Orders\n",
    ),
    Rule(
        "W201",
        "An incremental stream that neither sends its window nor filters by it",
        "Every run reads everything, and the position means nothing. Send `window.start`, or let `filter: true` drop "
        "what is old where the API can't.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 2024-01-01}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}"}}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 2024-01-01}
""",
    ),
    Rule(
        "W202",
        "Windows are cut and their end is never sent",
        "Each window reads on to the present: 24 months are read 24 times, the first of them whole.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}"}}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 2024-01-01, window: 30d}
""",
        good=f"""\
streams:
  - name: orders
    {_READ}
    primary_key: [id]
    incremental: {{cursor: updated_at, start: 2024-01-01, window: 30d}}
""",
    ),
    Rule(
        "W203",
        "SQL names a table of this source without `ref`",
        "The order in which tables are made follows from `ref`, and a deployment under another name has other tables.",
        bad="""\
streams:
  - {name: orders, request: {path: /orders}, primary_key: [id], clean: {table: CLN_ORDER}}
analytics:
  - table: ANL_ORDERS
    sql: select count(*) as orders from CLN_ORDER
""",
        good="""\
streams:
  - {name: orders, request: {path: /orders}, primary_key: [id], clean: {table: CLN_ORDER}}
analytics:
  - table: ANL_ORDERS
    sql: select count(*) as orders from {{ ref('CLN_ORDER') }}
""",
        fixed=True,
    ),
    Rule(
        "W204",
        "The cursor sounds like the time of creation",
        "A record that changes later is never read again. Take the time of the last change; where records never "
        "change, say so by `mode: append`, or by `# noqa: W204 reason`.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}"}}
    primary_key: [id]
    incremental: {cursor: created_at, start: 2024-01-01}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}"}}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 2024-01-01}
""",
    ),
    Rule(
        "W205",
        "A literal Z in the form of an instant",
        "It claims UTC whatever the zone is, and refuses what ends in +00:00. `iso8601` takes both and sends a Z.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}"}}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 2024-01-01, format: "%Y-%m-%dT%H:%M:%SZ"}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}"}}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 2024-01-01, format: iso8601}
""",
        fixed=True,
    ),
    Rule(
        "W206",
        "A credential put into the request by hand",
        "`http.auth` sends it to the API's own host only, renews it on a 401 and hides it; a header or parameter "
        "follows every link to wherever it leads.",
        bad="""\
secrets: [token]
http:
  base_url: https://api.shop.example
  headers: {Authorization: "Bearer {{ secrets.token }}"}
""",
        good="""\
secrets: [token]
http:
  base_url: https://api.shop.example
  auth: {type: bearer, token: "{{ secrets.token }}"}
""",
    ),
    Rule(
        "W207",
        "A secret that is never used",
        "It must be kept in every environment all the same.",
        bad="secrets: [token]\n",
        good="secrets: []\n",
        fixed=True,
    ),
    Rule(
        "W208",
        "An incremental stream without a primary key",
        "Windows overlap by lookback, and APIs include both ends: what is read twice can't be told from what is there "
        "twice.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}"}}
    incremental: {cursor: updated_at, start: 2024-01-01}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}"}}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 2024-01-01}
""",
    ),
    Rule(
        "W209",
        "`only_changed` of a parent that is read in full",
        "All of its records come with each run, so all of them count as changed.",
        bad="""\
streams:
  - {name: orders, request: {path: /orders}, primary_key: [id]}
  - name: lines
    for_each: {stream: orders, as: order, only_changed: true}
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
        "W210",
        "JMESPath that means something else than it seems to",
        "Double quotes mean a field, `!a.b` is `(!a).b`, and both are silently null.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    records: {path: data, filter: 'status == "open"'}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    records: {path: data, filter: "status == 'open'"}
""",
    ),
    Rule(
        "W211",
        "A credential comes from `config`",
        "Config values stand in framework.yaml, in plans and in logs. A secret comes from the environment's secret "
        "store.",
        bad="""\
config: {token: {type: string}}
http:
  base_url: https://api.shop.example
  auth: {type: bearer, token: "{{ config.token }}"}
""",
        good="""\
secrets: [token]
http:
  base_url: https://api.shop.example
  auth: {type: bearer, token: "{{ secrets.token }}"}
""",
    ),
    Rule(
        "W212",
        "A request asks for so many records a page, and nothing reads a second page",
        "A stream without `pagination` is read as one page: what is beyond it is never seen.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders, params: {limit: 100}}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    pagination: {type: next_url, next: next, page_size: {param: limit, value: 100}}
""",
    ),
    Rule(
        "W213",
        "A config value that is never used",
        "A deployment may set it, and nothing comes of that.",
        bad="config: {region: {type: string, default: eu}}\n",
        good="""\
config: {region: {type: string, default: eu}}
http: {base_url: "https://{{ config.region }}.shop.example"}
""",
    ),
    Rule(
        "W221",
        "The page size stands in `params` too",
        "`pagination.page_size` takes its place, so the number in `params` is never sent.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders, params: {limit: 50}}
    pagination: {type: next_url, next: next, page_size: {param: limit, value: 100}}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    pagination: {type: next_url, next: next, page_size: {param: limit, value: 100}}
""",
    ),
    Rule(
        "W222",
        "A GET with a body",
        "Many servers and proxies drop it, and every page is then the first one.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    pagination: {type: cursor, next: next, body: after}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders, method: POST}
    pagination: {type: cursor, next: next, body: after}
""",
    ),
    Rule(
        "W223",
        "Records are counted in an order that moves",
        "One that changes while pages are read shifts the others by one, and the record at the seam is never seen. "
        "Page by `cursor` or `next_url`, or sort by what never changes.",
        bad=f"""\
streams:
  - name: orders
    {_READ}
    primary_key: [id]
    incremental: {{cursor: updated_at, start: 2024-01-01}}
    pagination: {{type: page_number, param: page}}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders, params: {since: "{{ window.start }}", until: "{{ window.end }}", sort: id}}
    primary_key: [id]
    incremental: {cursor: updated_at, start: 2024-01-01}
    pagination: {type: page_number, param: page}
""",
    ),
]
