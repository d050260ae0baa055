import json

import pytest

from physics.entry import entry, is_entry


@pytest.mark.parametrize("name", ["json:dumps", "os.path:join", "a_b.c1:_d"])
def test_the_form_is_module_and_function(name) -> None:
    assert is_entry(name)


@pytest.mark.parametrize(
    "name", ["", "json", "json:", ":dumps", "json:a.b", "1a:b", "a b:c", "C:/terrain.json", "a::b"]
)
def test_other_forms_are_none(name) -> None:
    assert not is_entry(name)
    with pytest.raises(ValueError, match="want module:function"):
        entry(name)


def test_the_function_is_found() -> None:
    assert entry("json:dumps") is json.dumps


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_module:f", "there is no module 'no_such_module'; install it, or name its folder"),
        ("json.absent:f", "there is no module 'json.absent'"),
        ("json:dmups", "json has no 'dmups'; did you mean 'dumps'"),
        ("json:__name__", "a str; want a function"),
    ],
)
def test_what_is_not_there_is_told(name, said) -> None:
    with pytest.raises(ValueError, match=said):
        entry(name)
