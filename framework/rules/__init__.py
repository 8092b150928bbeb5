"""Every rule of `validate`, by its code."""

from framework.rules import (
    advice,
    file,
    keys,
    paging,
    partitions,
    project,
    records,
    streams,
    tables,
    texts,
    whole,
)
from framework.rules.base import Rule

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in sorted(
        [
            *file.RULES,
            *keys.RULES,
            *texts.RULES,
            *whole.RULES,
            *streams.RULES,
            *partitions.RULES,
            *records.RULES,
            *paging.RULES,
            *tables.RULES,
            *project.RULES,
            *advice.RULES,
        ],
        key=lambda rule: (rule.code[0] != "E", rule.code),
    )
}
