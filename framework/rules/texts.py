"""Rules about templates and expressions inside texts."""

from framework.rules.base import Rule

RULES = [
    Rule(
        "E201",
        "A template that does not parse",
        "It would fail with the first request. Templates are Jinja expressions between `{{` and `}}`.",
        bad="""\
http: {base_url: "https://{{ config.region }.shop.example"}
config: {region: {type: string, default: eu}}
""",
        good="""\
http: {base_url: "https://{{ config.region }}.shop.example"}
config: {region: {type: string, default: eu}}
""",
    ),
    Rule(
        "E202",
        "A template asks for a name that does not exist",
        "Elsewhere a misspelt name sends an empty value, and a bearer token that is empty looks like a permission "
        "that is missing. Names are `config.…` and `secrets.…` as declared, and what stands at that place: "
        "docs/templates.md.",
        bad="""\
secrets: [token]
http:
  base_url: https://api.shop.example
  auth: {type: bearer, token: "{{ secrets.tokn }}{{ secrets.token }}"}
""",
        good="""\
secrets: [token]
http:
  base_url: https://api.shop.example
  auth: {type: bearer, token: "{{ secrets.token }}"}
""",
    ),
    Rule(
        "E203",
        "A JMESPath that does not parse",
        "Paths into a response are JMESPath (https://jmespath.org), which is neither JSONPath nor Python: no leading "
        "`$`, `==` to compare, 'single quotes' around a text, `backticks` around a number.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    records: $.data.items
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    records: data.items
""",
        fixed=True,
    ),
    Rule(
        "E204",
        "A template where none is rendered",
        "The API, the warehouse or the scheduler would see the braces. Names of things are the same in every "
        "environment; what differs belongs to `config` and stands where templates are rendered.",
        bad="""\
config: {cron: {type: string, default: "@daily"}}
schedule: {cron: "{{ config.cron }}"}
""",
        good="""\
schedule: {cron: "@daily"}
""",
    ),
]
