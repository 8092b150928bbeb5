"""`framework rule CODE`: what a rule of `validate` is about, why, and an example."""

import argparse
import sys
import textwrap

from framework.problem import suggestion
from framework.rules import RULES
from framework.rules.page import text


def options(parser: argparse.ArgumentParser) -> None:
    """CODE…"""
    parser.add_argument("codes", nargs="*", metavar="CODE", help="such as E104 or W201; without any, the list of them")


def act(arguments: argparse.Namespace) -> int:
    """0, or 2 where there is no such rule."""
    codes = [code.upper() for code in arguments.codes]
    for code in codes:
        if code not in RULES:
            print(f"framework rule: there is no rule {code!r}.{suggestion(code, list(RULES))}", file=sys.stderr)
            return 2
    if codes:
        print("\n\n".join(_wrapped(text(RULES[code])) for code in codes))
    else:
        print("\n".join(f"{code}  {rule.what}" for code, rule in RULES.items()))
    return 0


def _wrapped(page: str) -> str:
    """Long lines of prose are broken; those of examples are left as they are."""
    lines = [[line] if line.startswith(" ") else textwrap.wrap(line, 100) or [""] for line in page.splitlines()]
    return "\n".join(line for part in lines for line in part)
