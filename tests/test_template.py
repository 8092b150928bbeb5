"""Templates: what they give, what they refuse, what they ask for."""

import re
from typing import Any

import pytest

from framework.template import TemplateProblem, names_in, problem_of, render, render_text

VALUES: dict[str, Any] = {
    "config": {"region": "eu", "size": 500, "rate": 0.5, "on": True, "off": False, "list": ["a", "b"], "nothing": None},
    "order": {"id": 7, "items": "the field, not the method", "deep": {"er": "x"}, "dash-ed": "d"},
    "warehouse": "ams",
}

RENDERED = {
    # no expression: itself
    **{"": "", "text": "text", "{": "{", "a } b": "a } b", "{x: 1}": "{x: 1}", "true": "true"},
    # one whole expression: its value, with its type
    "{{ config.size }}": 500,
    "{{ config.rate }}": 0.5,
    "{{config.on}}": True,
    "{{ config.list }}": ["a", "b"],
    "{{ config.nothing }}": None,
    "{{ order }}": VALUES["order"],
    "{{ config.size + 1 }}": 501,
    "{{ '478' }}": "478",
    "{{ '1e5' }}": "1e5",
    "{{ 'None' }}": "None",
    "{{- config.size -}}": 500,
    "{{ config.nothing or 'all' }}": "all",
    # anything else: text
    "{{ config.size }}!": "500!",
    " {{ config.size }} ": " 500 ",
    "{{ config.size }}{{ config.size }}": "500500",
    "a {{ config.on }} {{ config.off }}": "a true false",
    "/{{ config.rate }}/": "/0.5/",
    "/{{ order.deep.er }}/{{ warehouse | upper }}": "/x/AMS",
    "/{{ order.items }}": "/the field, not the method",
    "{{ order['dash-ed'] }}-{{ order['id'] }}": "d-7",
    "{% if config.on %}yes{% else %}no{% endif %}": "yes",
    "{% for x in config.list %}{{ x }};{% endfor %}": "a;b;",
    "line\n{{ warehouse }}\n": "line\nams\n",
    "'{{ warehouse }}' {# nothing #}": "'ams' ",
    # what a value holds is never evaluated again
    "{{ '{{ config.size }}' }}": "{{ config.size }}",
    "{{ '<&>' }}.": "<&>.",
}

REFUSED = {
    # undefined
    "{{ nobody }}": "'nobody' is undefined",
    "{{ config.tokn }}": "has no attribute 'tokn'",
    "a{{ config.tokn }}": "has no attribute 'tokn'",
    "{{ config.nothing.more }}": "'None' has no attribute 'more'",
    "{{ warehouse.id }}": "has no attribute 'id'",
    "{{ nobody or 'x' }}": "'nobody' is undefined",
    # no text
    "a {{ config.nothing }}": "the value is null",
    "a {{ config.list }}": "the value is a list",
    "a {{ order }}": "the value is a mapping",
    "a {{ warehouse.upper }}": "the value is a function",
    "{{ warehouse.upper }}": "the value is a function",
    # what goes wrong on the way
    "{{ 1 / 0 }}": "division by zero",
    "{{ config.size + 'a' }}": "unsupported operand",
    "{{ config.size }": "unexpected '}'",
    # out of the sandbox
    "{{ ''.__class__ }}": "access to attribute '__class__' of 'str' object is unsafe",
    "a {{ ''.__class__.__mro__ }}": "access to attribute '__class__' of 'str' object is unsafe",
    "{{ config.__init__.__globals__ }}": "access to attribute '__init__' of 'dict' object is unsafe",
    "{{ ''['__class__'] }}": "'__class__'",
    "{{ warehouse.format_map(config).__class__ }}": "unsafe",
    "{{ '{0.__class__}'.format(1) }}": "unsafe",
    "{{ config.list.append('c') }}": "unsafe",
    "{{ config.update({'a': 1}) }}": "unsafe",
    "{{ range(9) }}": "'range' is undefined",
    "{{ cycler }}": "'cycler' is undefined",
}


def same(left: Any, right: Any) -> bool:
    return (type(left), left) == (type(right), right)


@pytest.mark.parametrize("text", RENDERED)
def test_render(text: str) -> None:
    assert same(render(text, VALUES), RENDERED[text])


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    with pytest.raises(TemplateProblem, match=re.escape(REFUSED[text])) as refused:
        render(text, VALUES)
    assert repr(text) in str(refused.value), "the message names the template"


TEXTS = {"{{ config.on }}": "true", "{{ config.size }}": "500", "{{ config.rate }}": "0.5", "x": "x", "{{ '' }}": ""}


@pytest.mark.parametrize("text", TEXTS)
def test_render_text(text: str) -> None:
    assert same(render_text(text, VALUES), TEXTS[text])


@pytest.mark.parametrize("text", ["{{ config.nothing }}", "{{ config.list }}", "{{ order }}", "{{ nobody }}"])
def test_what_is_no_text(text: str) -> None:
    with pytest.raises(TemplateProblem):
        render_text(text, VALUES)


def test_values_stay_as_they_are() -> None:
    before = repr(VALUES)
    for text in [*RENDERED, *REFUSED]:
        try:
            render(text, VALUES)
        except TemplateProblem:
            continue
    assert repr(VALUES) == before


PROBLEMS = {
    "{{ a }}": None,
    "no template": None,
    "{ a }": None,
    "{{ a }": "unexpected '}'",
    "{{ a b }}": "expected token 'end of print statement', got 'b'",
    "{{ }}": "Expected an expression, got 'end of print statement'",
    "{% if a %}": "Unexpected end of template",
    "{% nonsense %}": "unknown tag 'nonsense'",
    "{{ a | nonsense }}": "No filter named 'nonsense'",
    "x {{ a | nonsense }}": "No filter named 'nonsense'",
    "{{ a": "unexpected end of template",
    "{{ 'a }}": "unexpected char",
}


@pytest.mark.parametrize("text", PROBLEMS)
def test_problem_of(text: str) -> None:
    found, wanted = problem_of(text), PROBLEMS[text]
    assert found is None if wanted is None else wanted in str(found)


NAMES = {
    "": [],
    "no template": [],
    "{{ a }}": [("a",)],
    "{{ config.region }}/{{ order.customer.id }}": [("config", "region"), ("order", "customer", "id")],
    "{{ config['region'] }}": [("config", "region")],
    "{{ config[name] }}": [("config",), ("name",)],
    "{{ config.a or config.b | default(config.c) }}": [("config", "a"), ("config", "b"), ("config", "c")],
    "{{ config.a.upper() }}": [("config", "a")],
    "{{ config.a.replace(config.b, 'x') }}": [("config", "a"), ("config", "b")],
    "{{ ref('CLN_ORDER') }}": [("ref",)],
    "{% for x in config.list %}{{ x.id }}{{ y }}{% endfor %}": [("config", "list"), ("y",)],
    "{% set x = config.a %}{{ x }}": [("config", "a")],
    "{% if config.a %}{{ config.b }}{% endif %}": [("config", "a"), ("config", "b")],
    "{{ 'config.a' }}": [],
    "{# config.a #}": [],
}


@pytest.mark.parametrize("text", NAMES)
def test_names_in(text: str) -> None:
    assert sorted(names_in(text)) == sorted(NAMES[text])
