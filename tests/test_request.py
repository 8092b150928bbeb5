"""Requests as values."""

import pytest

from framework.request import Request

BASE = Request("GET", "https://api.example/items", (("a", "1"), ("b", "2")))


def test_a_parameter_is_set_in_its_place_or_at_the_end() -> None:
    assert BASE.with_param("a", 7).params == (("a", "7"), ("b", "2"))
    assert BASE.with_param("c", 7).params == (("a", "1"), ("b", "2"), ("c", "7"))


@pytest.mark.parametrize(
    ("url", "drop", "wanted"),
    [
        ("https://api.example/items?a=9", True, "https://api.example/items?a=9"),
        ("https://api.example/items?a=9", False, "https://api.example/items?b=2&a=9"),
        ("https://other.example/x", False, "https://other.example/x?a=1&b=2"),
        ("https://api.example/items?q=a%20b&e=", True, "https://api.example/items?q=a%20b&e="),
        ("https://api.example/items?c=a%2Bb%3D%3D", True, "https://api.example/items?c=a%2Bb%3D%3D"),
        ("https://api.example/items#top", True, "https://api.example/items"),
    ],
)
def test_another_url(url: str, drop: bool, wanted: str) -> None:
    assert BASE.with_url(url, drop).full_url == wanted


def test_a_header_is_replaced_whatever_its_case() -> None:
    request = BASE.with_header("Accept", "a").with_header("accept", "b")
    assert request.headers == (("accept", "b"),)


def test_the_origin_holds_the_port() -> None:
    assert Request("GET", "HTTP://Api.example:8080/x").origin == "http://api.example:8080"
