from datetime import UTC, datetime
from pathlib import Path

import pytest

from pricing.scenario import Scenario, load_scenario
from traces.errors import PricingError


def written(folder: Path, text: str) -> Path:
    path = folder / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_by_default_each_call_has_the_price_of_its_own_time() -> None:
    scenario = load_scenario()
    assert (scenario.as_of, scenario.moment, scenario.cache) == ("recorded", None, "as_recorded")


@pytest.mark.parametrize(
    "text",
    [
        "as_of = 2026-08-01",
        'as_of = "2026-08-01"',
        "as_of = 2026-08-01T00:00:00",
        "as_of = 2026-08-01T02:00:00+02:00",
    ],
)
def test_a_bare_day_is_its_first_moment_and_a_naive_one_is_utc(tmp_path: Path, text: str) -> None:
    assert load_scenario(written(tmp_path, text)).moment == datetime(2026, 8, 1, tzinfo=UTC)


def test_flags_win_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, 'name = "file"\ncache = "none"\nroles = ["agent"]')
    scenario = load_scenario(path, name="flag", cache=None)
    assert (scenario.name, scenario.cache, scenario.roles) == ("flag", "none", ("agent",))


def test_price_files_are_found_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "contract.toml").touch()
    assert load_scenario(written(tmp_path, 'prices = ["contract.toml"]')).prices == (tmp_path / "contract.toml",)
    with pytest.raises(PricingError, match=r"other\.toml: no such file"):
        load_scenario(written(tmp_path, 'prices = ["other.toml"]'))


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("asof = 2026-08-01", "unknown key 'asof'", "closest known: as_of"),
        ('cache = "perfect"', "cache", "value given: 'perfect'"),
        ('as_of = "last week"', "as_of", "value given"),
        ("as_of = [", "scenario.toml", "a scenario is a TOML file"),
        ('roles = ["nobody"]', "roles", "nobody"),
    ],
)
def test_a_wrong_scenario_is_refused_with_a_hint(tmp_path: Path, text: str, problem: str, hint: str) -> None:
    with pytest.raises(PricingError) as caught:
        load_scenario(written(tmp_path, text))
    assert problem in caught.value.problem
    assert hint in (caught.value.hint or "")


def test_the_manifest_states_the_scenario_in_full() -> None:
    assert set(Scenario().manifest()) == set(Scenario.model_fields)
