"""Rules about a source as a whole: its name, schedule, config and hooks that can't work."""

from framework.rules.base import Rule

RULES = [
    Rule(
        "E306",
        "The source is named other than its file",
        "Everything finds a source by its file: `framework run shop` reads sources/shop.yaml, and tables, parts and "
        "DAG bear the name inside.",
        bad="name: store\n",
        good="name: shop\n",
    ),
    Rule(
        "E307",
        "A schedule that never runs",
        "The cron expression does not parse or names a day that never comes, or the time zone does not exist. The DAG "
        "would not import.",
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
]
