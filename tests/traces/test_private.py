import pytest

from traces.private import public


@pytest.mark.parametrize("name", ["api_key", "HF_TOKEN", "extra_headers", "base_url", "user", "metadata", "password"])
def test_a_setting_that_may_be_private_is_left_out_at_any_depth(name: str) -> None:
    shown = {"temperature": 0.2, "max_tokens": 100}
    assert public({**shown, name: "x", "deep": [{**shown, name: "x"}]}) == {**shown, "deep": [shown]}
