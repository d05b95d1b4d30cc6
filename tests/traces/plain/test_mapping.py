"""Mappings are checked before any file is read; errors name the table, the key and the nearest known one."""

from pathlib import Path

import pytest

from traces.errors import TraceError
from traces.plain.mapping import load_mapping, parse_mapping

CALLS = '[[table]]\nfills = "calls"\n[table.columns]\ntask_id = "task"\n'


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("[[table", "not valid TOML", "--suggest-mapping"),
        ('[run]\nmodle = "x"\n' + CALLS, "run.modle: unknown column of runs", "model"),
        (CALLS + 'input_tokns = "in"\n', "table 1 (calls): columns.input_tokns: unknown column", "input_tokens"),
        (CALLS.replace("fills", "granularty = 'call'\nfills"), "table.1.granularty: unknown key", "granularity"),
        ('[[table]]\nfills = "call"\n', "table.1.fills", "--suggest-mapping"),
        (CALLS + 'latency_s = "t"\n[table.units]\nlatency_s = "msec"\n', "unknown unit 'msec'", "ms"),
        (CALLS + '[table.units]\nmodel = "ms"\n', "units.model: the column has no unit", "_s, _usd and _tokens"),
        (CALLS + '[table.times]\nstarted_at = "unix"\n', "unknown format 'unix'", "unix_s"),
        ('[[table]]\nfills = "rollouts"\n', "task_id or rollout_id is needed", "source column"),
        ('[[table]]\nfills = "scores"\n[table.columns]\ntask_id = "t"\n', "metric is needed", "constant"),
        (CALLS + 'input_tokens = "a"\nuncached_input_tokens = "b"\n', "both given", "give one"),
        (CALLS + "[[table.when]]\ncolumn = 'p'\n", "when p): give equals or in", "equals ="),
        ("", "table: Field required", "--suggest-mapping"),
    ],
)
def test_names_what_is_wrong_and_the_nearest_known_key(text: str, problem: str, hint: str) -> None:
    with pytest.raises(TraceError) as caught:
        parse_mapping(text, "m.toml")
    assert str(caught.value).startswith("m.toml: ")
    assert problem in caught.value.problem
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ('input_tokens = "i"\ncache_read_tokens = "c"', "input_includes_cache_read"),
        ('input_tokens = "i"\ncache_write_5m_tokens = "w"', "input_includes_cache_write"),
        ('output_tokens = "o"\nreasoning_tokens = "r"', "output_includes_reasoning"),
        ('uncached_input_tokens = "i"\ncache_read_tokens = "c"', "cache_write"),
    ],
)
def test_a_token_convention_is_never_assumed(columns: str, key: str) -> None:
    with pytest.raises(TraceError, match=f"{key} is needed"):
        parse_mapping(CALLS + columns, "m.toml")


def test_a_rule_changes_conventions_constants_and_columns_for_the_rows_it_picks() -> None:
    mapping = parse_mapping(
        CALLS + 'provider = "p"\nmodel = "m"\n[[table.when]]\ncolumn = "p"\nin = ["a", 1]\n'
        'columns = { model = "m2" }\nconstants = { provider = "acme" }\n',
        "m.toml",
    )
    section = mapping.table[0]
    changed = section.under(section.when[0])
    assert section.when[0].texts == ["a", "1"]
    assert changed.columns == {"task_id": "task", "model": "m2"}
    assert changed.constants == {"provider": "acme"}
    assert section.needed() == ["m", "m2", "p", "task"]


def test_a_mapping_that_is_not_there_is_a_trace_error(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"no\.toml: cannot be read as a mapping"):
        load_mapping(tmp_path / "no.toml")
