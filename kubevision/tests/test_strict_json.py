import pytest

from kubevision import strict_json


@pytest.mark.parametrize("text", ['{"a": [1, 2.5, null, true, "\\u00e9"]}', "[]", '"x"', "5"])
def test_json_is_read(text: str) -> None:
    strict_json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nothing",
        '{"a": 1, "a": 1}',
        '{"b": {"a": 1, "\\u0061": 2}}',
        "NaN",
        "1e999",
        '{"a": -Infinity}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "\ufeff{}",
        "[1] [2]",
        "9" * 5000,
    ],
)
def test_what_others_might_read_otherwise_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        strict_json.loads(text)
