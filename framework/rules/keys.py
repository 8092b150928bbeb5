"""Rules about keys and the values they take."""

from framework.rules.base import Rule

RULES = [
    Rule(
        "E101",
        "An unknown key",
        "A key that nothing reads is a setting that silently does nothing. The nearest right word is named; keys of "
        "another kind of the same family are said to be so.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    pagintor: {type: next_url, next: next}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    pagination: {type: next_url, next: next}
""",
        fixed=True,
    ),
    Rule(
        "E102",
        "A key is missing",
        "The part can't do without it, and there is no default that would be right for every API.",
        bad="""\
streams:
  - name: orders
    request: {method: POST}
""",
        good="""\
streams:
  - name: orders
    request: {method: POST, path: /orders/search}
""",
    ),
    Rule(
        "E103",
        "A value of the wrong type",
        'Values are never converted on the quiet: 1.10 is not "1.10", and yes is a text. Add or leave out the quotes, '
        "or write the list or mapping that is asked for.",
        bad="""\
http:
  base_url: https://api.shop.example
  headers: {X-Api-Version: 1.10}
""",
        good="""\
http:
  base_url: https://api.shop.example
  headers: {X-Api-Version: "1.10"}
""",
        fixed=True,
    ),
    Rule(
        "E104",
        "A word that is not known here",
        "The key takes one of a few words, and this is none of them. The reference page lists them with their meaning.",
        bad="""\
streams:
  - name: orders
    request: {path: /orders}
    pagination: {type: cusor, next: next, param: after}
""",
        good="""\
streams:
  - name: orders
    request: {path: /orders}
    pagination: {type: cursor, next: next, param: after}
""",
        fixed=True,
    ),
    Rule(
        "E105",
        "A value that breaks its rule",
        "The type is right and the value is not: a duration without its unit, a name with a capital letter, a number "
        "that is too large, a URL without https://.",
        bad="""\
http:
  base_url: https://api.shop.example
  timeout: 30 seconds
""",
        good="""\
http:
  base_url: https://api.shop.example
  timeout: 30s
""",
        fixed=True,
    ),
    Rule(
        "E106",
        "Keys that exclude or need each other",
        "Two ways to say the same thing would leave it open which one counts, and half of a pair does nothing.",
        bad="""\
secrets: [key]
http:
  base_url: https://api.shop.example
  auth: {type: api_key, value: "{{ secrets.key }}", header: X-Key, param: key}
""",
        good="""\
secrets: [key]
http:
  base_url: https://api.shop.example
  auth: {type: api_key, value: "{{ secrets.key }}", header: X-Key}
""",
    ),
]
