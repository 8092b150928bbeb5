"""Every rule of `validate`, by its code."""

from framework.rules import advice, file, keys, project, sense, tables, texts
from framework.rules.base import Rule

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in sorted(
        [
            *file.RULES,
            *keys.RULES,
            *texts.RULES,
            *sense.RULES,
            *tables.RULES,
            *project.RULES,
            *advice.RULES,
        ],
        key=lambda rule: (rule.code[0] != "E", rule.code),
    )
}
