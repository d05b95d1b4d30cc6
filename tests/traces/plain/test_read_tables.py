"""Plain tables become canonical tables as the mapping says, and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from traces.checks import checked
from traces.errors import MalformedTraceError, TraceError
from traces.files import peek
from traces.plain.mapping import Mapping, Section, When, parse_mapping
from traces.plain.read import read_tables
from traces.readers.mini_swe_agent import READER as MINI_SWE_AGENT
from traces.registry import SourceFile
from traces.rejects import RejectLog
from traces.schema import INPUT_PARTS, TABLES
from traces.table import violations
from traces.usage import output_high, outside_reasoning_groups

Tables = dict[str, pl.DataFrame]
MINI_SWE_AGENT_FLAT = """
[run]
benchmark = "swe-bench"

[[table]]
fills = "calls"
input_includes_cache_read = true
output_includes_reasoning = true
cache_write = "none"

[table.columns]
task_id = "instance_id"
call_index = "call"
call_id = "gen_id"
model = "model"
upstream_provider = "provider"
started_at = "created"
input_tokens = "prompt_tokens"
cache_read_tokens = "cached_tokens"
output_tokens = "completion_tokens"
reasoning_tokens = "reasoning_tokens"
recorded_cost_usd = "cost"

[table.constants]
provider = "openrouter"

[table.times]
started_at = "unix_s"

[[table.when]]
column = "provider"
equals = "google"
constants = { provider = "google", upstream_provider = "" }
output_includes_reasoning = "unknown"

[[table]]
fills = "rollouts"

[table.columns]
task_id = "instance_id"
score = "resolved"
is_success = "resolved"
stop_reason = "exit_status"
n_calls = "api_calls"
recorded_cost_usd = "instance_cost"

[table.values.stop_reason]
Submitted = "submitted"
"""


def read(folder: Path, mapping: str, **files: str) -> tuple[Tables, list[dict[str, Any]]]:
    """Read tables given by name (``calls_csv="a,b\\n1,2"``), leaving out what cannot be read."""
    log, sources = RejectLog("table", "skip"), []
    for name, text in files.items():
        path = folder / name.replace("_", ".")
        path.write_text(text, "utf-8")
        sources.append(SourceFile(path, path.name))
    (batch,) = read_tables(sources, parse_mapping(mapping, "m.toml"), log)
    tables = checked(batch, log)
    assert not [problem for name, rows in tables.items() for problem in violations(TABLES[name], rows)]
    return tables, log.rows


def section(fills: str, columns: str, *more: str) -> str:
    pairs = "\n".join(f'{name} = "{source}"' for name, _, source in (pair.partition(":") for pair in columns.split()))
    return f'[[table]]\nfills = "{fills}"\n' + "\n".join(more) + f"\n[table.columns]\n{pairs}\n"


def parts(tables: Tables) -> tuple[Any, ...]:
    return tables["calls"].select("input_tokens", *INPUT_PARTS[:2], INPUT_PARTS[-1]).row(0)


IN_OUT = "task_id:t input_tokens:i output_tokens:o"
CACHED = f"{IN_OUT} cache_read_tokens:r"


@pytest.mark.parametrize(
    ("columns", "conventions", "row", "expected"),
    [
        (CACHED, 'input_includes_cache_read = true\ncache_write = "none"', "100,5,60,0", (100, 40, 60, 0)),
        (CACHED, 'input_includes_cache_read = false\ncache_write = "none"', "100,5,60,0", (160, 100, 60, 0)),
        (CACHED, "input_includes_cache_read = true", "100,5,60,0", (100, None, 60, None)),
        (CACHED, 'input_includes_cache_read = true\ncache_write = "none"', "100,5,,0", (100, None, None, 0)),
        (CACHED, 'input_includes_cache_read = false\ncache_write = "none"', "100,5,,0", (None, None, None, 0)),
        (CACHED, 'input_includes_cache_read = false\ncache_write = "unknown"', "100,5,60,0", (None, None, 60, None)),
        (CACHED, 'input_includes_cache_read = "unknown"\ncache_write = "none"', "100,5,60,0", (100, None, None, None)),
        (CACHED, 'input_includes_cache_read = "unknown"\ncache_write = "none"', "100,5,0,0", (100, 100, 0, 0)),
        (CACHED, 'input_includes_cache_read = "unknown"\ncache_write = "none"', "100,5,160,0", (260, 100, 160, 0)),
        (IN_OUT, "", "100,5,60,0", (100, None, None, None)),
        (IN_OUT, 'cache = "none"', "100,5,60,0", (100, 100, 0, 0)),
        (
            f"{CACHED} cache_write_unspecified_tokens:w",
            "input_includes_cache_read = false\ninput_includes_cache_write = false",
            "100,5,60,30", (190, 100, 60, 30),
        ),
        (
            f"{CACHED} cache_write_unspecified_tokens:w",
            "input_includes_cache_read = true\ninput_includes_cache_write = true",
            "100,5,60,30", (100, 10, 60, 30),
        ),
        (
            "task_id:t uncached_input_tokens:i cache_read_tokens:r cache_write_unspecified_tokens:w", "",
            "100,5,60,30", (190, 100, 60, 30),
        ),
    ],
)  # fmt: skip
def test_the_parts_of_the_input_follow_the_convention(
    tmp_path: Path, columns: str, conventions: str, row: str, expected: tuple[Any, ...]
) -> None:
    tables, rejects = read(tmp_path, section("calls", columns, conventions), c_csv=f"t,i,o,r,w\na,{row}\n")
    assert (parts(tables), rejects) == (expected, [])


@pytest.mark.parametrize(
    ("convention", "reasoning", "expected"),
    [("true", 7, (10, None)), ("false", 7, (17, None)), ('"unknown"', 7, (10, 17)), ('"unknown"', 0, (10, None))],
)
def test_reasoning_lies_inside_outside_or_perhaps(
    tmp_path: Path, convention: str, reasoning: int, expected: tuple[Any, ...]
) -> None:
    mapping = section(
        "calls", "task_id:t output_tokens:o reasoning_tokens:r", f"output_includes_reasoning = {convention}"
    )
    tables, _ = read(tmp_path, mapping, c_csv=f"t,o,r\na,10,{reasoning}\n")
    assert tables["calls"].select("output_tokens", "output_high_tokens").row(0) == expected


def test_units_are_converted(tmp_path: Path) -> None:
    mapping = section("calls", "task_id:t latency_s:l recorded_cost_usd:c input_tokens:i") + (
        '[table.units]\nlatency_s = "ms"\nrecorded_cost_usd = "cents"\ninput_tokens = "k"\n'
    )
    tables, _ = read(tmp_path, mapping, c_csv="t,l,c,i\na,1500,12.5,1.2\n")
    assert tables["calls"].select("latency_s", "recorded_cost_usd", "input_tokens").row(0) == (1.5, 0.125, 1200)


@pytest.mark.parametrize(
    ("form", "text", "is_assumed"),
    [
        ("unix_s", "1767268800", False),
        ("unix_s", "1767268800.0", False),
        ("unix_ms", "1767268800000", False),
        ("unix_us", "1767268800000000", False),
        ("iso", "2026-01-01T12:00:00Z", False),
        ("iso", "2026-01-01 13:00:00.000+01:00", False),
        ("iso", "2026-01-01 12:00:00", True),
        ("iso", "2026-01-01T12:00", True),
        ("%d/%m/%Y %H:%M", "01/01/2026 12:00", True),
        ("%d/%m/%Y %H:%M %z", "01/01/2026 14:00 +0200", False),
    ],
)
def test_moments_are_read_in_every_format_and_naive_ones_are_utc(
    tmp_path: Path, form: str, text: str, *, is_assumed: bool
) -> None:
    mapping = section("calls", "task_id:t started_at:s") + f'[table.times]\nstarted_at = "{form}"\n'
    tables, rejects = read(tmp_path, mapping, c_csv=f"t,s\na,{text}\n")
    assert rejects == []
    assert tables["calls"].select("started_at", "is_tz_assumed").row(0) == (
        datetime(2026, 1, 1, 12, tzinfo=UTC),
        is_assumed,
    )
    assert tables["rollouts"]["is_tz_assumed"].to_list() == [is_assumed]


def test_a_cell_of_the_wrong_type_becomes_null_and_its_row_stays(tmp_path: Path) -> None:
    mapping = section("calls", "task_id:t input_tokens:i started_at:s") + '[table.times]\nstarted_at = "unix_s"\n'
    tables, rejects = read(tmp_path, mapping, c_csv="t,i,s\na,abc,1767268800\nb,1.5,1767268800000\nc,2.0,\n")
    assert tables["calls"]["input_tokens"].to_list() == [None, None, 2]
    assert [row["place"] for row in rejects] == ["line 2", "line 3", "line 3"]
    assert rejects[0]["reason"] == "i: 'abc' is no whole number (input_tokens)"
    assert "no moment written as unix_s" in rejects[2]["reason"]


def test_in_stop_mode_a_cell_of_the_wrong_type_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("t,i\na,abc\n")
    mapping = parse_mapping(section("calls", "task_id:t input_tokens:i"), "m.toml")
    with pytest.raises(MalformedTraceError, match=r"c\.csv: line 2: i: 'abc' is no whole number"):
        list(read_tables([SourceFile(tmp_path / "c.csv", "c.csv")], mapping, RejectLog("table")))


def test_a_stop_reason_nobody_named_is_unknown_and_listed(tmp_path: Path) -> None:
    mapping = (
        section("rollouts", "task_id:t stop_reason:s score:p") + '[table.values.stop_reason]\nDone = "submitted"\n'
    )
    tables, rejects = read(tmp_path, mapping, r_csv="t,s,p\na,Done,true\nb,Odd,0\nc,,\n")
    assert tables["rollouts"]["stop_reason"].to_list() == ["submitted", "unknown", "unknown"]
    assert tables["rollouts"]["score"].to_list() == [1.0, 0.0, None]
    assert len(rejects) == 1
    assert "[table.values.stop_reason]" in rejects[0]["reason"]


def test_zero_is_unknown_where_the_mapping_says_so(tmp_path: Path) -> None:
    mapping = section("rollouts", "task_id:t recorded_cost_usd:c", 'zero_is_unknown = ["recorded_cost_usd"]')
    tables, _ = read(tmp_path, mapping, r_csv="t,c\na,0.0\nb,2\n")
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == [None, 2.0]


def test_nested_objects_are_reached_by_dotted_paths(tmp_path: Path) -> None:
    mapping = section("calls", "task_id:meta.task input_tokens:usage.prompt_tokens", 'cache = "none"')
    tables, _ = read(
        tmp_path, mapping, c_jsonl='{"meta":{"task":"a"},"usage":{"prompt_tokens":7}}\n{"meta":{"task":"b"}}'
    )
    assert tables["calls"].select("input_tokens", "uncached_input_tokens").rows() == [(7, 7), (None, None)]


def test_a_rollout_total_is_one_call_of_that_granularity_and_its_rollout(tmp_path: Path) -> None:
    columns = "task_id:t input_tokens:i score:s wall_s:w n_calls:n recorded_cost_usd:c"
    mapping = section("calls", columns, 'granularity = "rollout"')
    tables, _ = read(tmp_path, mapping, r_csv="t,i,s,w,n,c\na,100,1,60,9,0.5\n")
    assert tables["calls"].select("granularity", "input_tokens", "call_index").row(0) == ("rollout", 100, None)
    facts = tables["rollouts"].select("score", "wall_s", "time_basis", "n_calls", "recorded_cost_usd").row(0)
    assert facts == (1.0, 60.0, "measured", 9, 0.5)


def test_a_run_total_is_one_call_without_rollout_and_its_run(tmp_path: Path) -> None:
    mapping = section("calls", "model:m input_tokens:i recorded_score:s agent:a", 'granularity = "run"')
    tables, _ = read(tmp_path, mapping, r_csv="m,i,s,a\nlarge,100,0.5,x\nsmall,10,0.2,y\n")
    assert tables["calls"].select("granularity", "rollout_id").unique().rows() == [("run", None)]
    assert sorted(tables["runs"].select("agent", "model", "recorded_score").rows()) == [
        ("x", "large", 0.5),
        ("y", "small", 0.2),
    ]
    assert "rollouts" not in tables


CLOCKED = "task_id:t started_at:s input_tokens:i"


def test_rollouts_follow_from_calls_and_span_what_was_stamped(tmp_path: Path) -> None:
    text = "t,s,i\na,2026-01-01T00:00:00Z,1\na,2026-01-01T00:01:30Z,2\nb,,3\n"
    tables, _ = read(tmp_path, section("calls", CLOCKED), c_csv=text)
    spans = tables["rollouts"].sort("task_id").select("task_id", "attempt", "wall_s", "time_basis", "score").rows()
    assert spans == [("a", 0, 90.0, "lower_bound", None), ("b", 0, None, None, None)]
    assert tables["calls"].sort("input_tokens")["call_index"].to_list() == [0, 1, 0]


def test_the_run_id_is_the_content_whatever_its_order_or_place(tmp_path: Path) -> None:
    lines = [f"{task},2026-01-01T00:00:{second:02}Z,{second}" for task in "ab" for second in range(20)]
    shuffled = [*lines[::-3], *lines[-2::-3], *lines[-3::-3]]
    mapping = section("calls", CLOCKED)
    one, _ = read(tmp_path, mapping, c_csv="\n".join(["t,s,i", *lines]))
    two, _ = read(
        tmp_path, mapping, d_csv="\n".join(["t,s,i", *shuffled[:9]]), e_csv="\n".join(["t,s,i", *shuffled[9:]])
    )
    other, _ = read(tmp_path, mapping, c_csv="\n".join(["t,s,i", *lines[1:]]))
    assert one["calls"].sort("call_id").equals(two["calls"].sort("call_id"))
    assert one["runs"]["run_id"].item().startswith("table-")
    assert other["runs"]["run_id"].item() != one["runs"]["run_id"].item()


def test_a_call_id_seen_twice_in_a_rollout_is_a_duplicate(tmp_path: Path) -> None:
    tables, rejects = read(tmp_path, section("calls", "task_id:t call_id:c"), c_csv="t,c\na,x\na,x\nb,x\n")
    assert tables["calls"].height == 2
    assert [(row["kind"], row["place"], row["duplicate_of"]) for row in rejects] == [("duplicate", "line 3", "x")]


def test_the_same_file_twice_is_read_once(tmp_path: Path) -> None:
    tables, rejects = read(tmp_path, section("calls", "task_id:t"), c_csv="t\na\n", d_csv="t\na\n")
    assert tables["calls"].height == 1
    assert [(row["source_path"], row["kind"], row["duplicate_of"]) for row in rejects] == [
        ("d.csv", "duplicate", "c.csv")
    ]


def test_a_task_seen_twice_is_a_copy_or_an_attempt_nobody_numbered(tmp_path: Path) -> None:
    tables, rejects = read(tmp_path, section("rollouts", "task_id:t score:s"), r_csv="t,s\na,1\na,1\na,0\n")
    assert tables["rollouts"]["score"].to_list() == [1.0]
    assert [row["kind"] for row in rejects] == ["duplicate", "malformed"]
    assert "map attempt or rollout_id" in rejects[1]["reason"]


def test_the_sources_own_rollout_ids_join_its_tables_and_number_attempts(tmp_path: Path) -> None:
    mapping = section("rollouts", "rollout_id:id task_id:t score:s run_id:m") + section(
        "calls", "rollout_id:id input_tokens:i"
    )
    tables, _ = read(tmp_path, mapping, r_csv="id,t,s,m\nq,a,1,r\np,a,0,r\n", c_csv="id,i\np,5\nq,6\n")
    assert sorted(tables["rollouts"].select("rollout_id", "score").rows()) == [("r/a/0", 0.0), ("r/a/1", 1.0)]
    assert sorted(tables["calls"].select("rollout_id", "input_tokens").rows()) == [("r/a/0", 5), ("r/a/1", 6)]


def test_scores_tasks_and_charges_fill_their_tables(tmp_path: Path) -> None:
    mapping = (
        '[run]\nrun_id = "r"\nbenchmark = "bench"\n'
        + section("rollouts", "task_id:t score:s")
        + section("scores", "task_id:t value:v")
        + '[table.constants]\nmetric = "f1"\n'
        + section("tasks", "task_id:t human_s:h")
        + '[table.units]\nhuman_s = "min"\n'
        + section("charges", "quantity:hours")
        + '[table.constants]\nkind = "accelerator_s"\nunit = "h"\n'
    )
    files = {"a_csv": "t,s\nx,1\n", "b_csv": "t,v\nx,0.5\n", "d_csv": "t,h\nx,2\n", "e_csv": "hours\n3\n4\n"}
    tables, rejects = read(tmp_path, mapping, **files)
    assert rejects == []
    assert tables["scores"].select("rollout_id", "metric", "value").rows() == [("r/x/0", "f1", 0.5)]
    assert tables["tasks"].select("benchmark", "task_id", "human_s").rows() == [("bench", "x", 120.0)]
    assert tables["charges"].select("run_id", "quantity").rows() == [("r", 7.0)]
    assert tables["rollouts"]["benchmark"].to_list() == ["bench"]


def test_facts_that_contradict_each_other_are_unknown(tmp_path: Path) -> None:
    tables, rejects = read(tmp_path, section("calls", "task_id:t score:s benchmark:b"), c_csv="t,s,b\na,1,x\na,0,x\n")
    assert tables["rollouts"].select("score", "benchmark").row(0) == (None, "x")
    assert [(row["kind"], row["reason"].rpartition(" has ")[2]) for row in rejects] == [("contradiction", "2 values")]


def test_a_row_that_names_no_task_is_listed(tmp_path: Path) -> None:
    tables, rejects = read(tmp_path, section("calls", "task_id:t input_tokens:i"), c_csv="t,i\na,1\n,2\n")
    assert (tables["calls"].height, [row["place"] for row in rejects]) == (1, ["line 3"])


def test_a_file_is_found_by_its_columns_and_the_rest_is_listed(tmp_path: Path) -> None:
    files = {"x_csv": "t,i\na,1\n", "y_csv": "other\n1\n", "z_csv": ""}
    tables, rejects = read(tmp_path, section("calls", "task_id:t input_tokens:i"), **files)
    assert tables["calls"].height == 1
    assert sorted((row["source_path"], row["kind"]) for row in rejects) == [
        ("y.csv", "unrecognised"),
        ("z.csv", "malformed"),
    ]


def test_a_missing_column_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="lacks 'tokens_inn'\nhint: closest known: tokens_in"):
        read(tmp_path, section("calls", "task_id:t input_tokens:tokens_inn"), c_csv="t,tokens_in\na,1\n")
    named = section("calls", "task_id:t input_tokens:tokens_inn", 'file = "c.*"')
    tables, rejects = read(tmp_path, named, c_csv="t,tokens_in\na,1\n")
    assert tables["calls"]["input_tokens"].to_list() == [None]
    assert "no column 'tokens_inn'; closest known: tokens_in" in rejects[0]["reason"]


def test_some_rows_of_several_runs_and_others_of_none_is_an_error(tmp_path: Path) -> None:
    mapping = section("rollouts", "task_id:t run_id:m") + section("calls", "task_id:t input_tokens:i")
    with pytest.raises(TraceError, match="map run_id in every"):
        read(tmp_path, mapping, r_csv="t,m\na,x\nb,y\n", c_csv="t,i\na,1\n")


def test_a_constant_of_the_wrong_type_is_an_error_before_any_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="'soon' is no moment"):
        read(tmp_path, section("calls", "task_id:t") + '[table.constants]\nstarted_at = "soon"\n', c_csv="t\na\n")


def test_mixed_providers_follow_their_rules(tmp_path: Path) -> None:
    calls = "instance_id,call,gen_id,provider,model,created,"
    calls += "prompt_tokens,cached_tokens,completion_tokens,reasoning_tokens,cost\n"
    rows = "a,0,g1,Host,m,1767268800,100,60,10,4,0.5\na,1,g2,google,m,1767268860,100,0,10,14,\n"
    rollouts = "instance_id,resolved,exit_status,api_calls,instance_cost\na,true,Submitted,2,0.5\n"
    tables, rejects = read(tmp_path, MINI_SWE_AGENT_FLAT, c_csv=calls + rows, r_csv=rollouts)
    assert rejects == []
    columns = ("provider", "upstream_provider", "uncached_input_tokens", "output_tokens", "output_high_tokens")
    assert tables["calls"].sort("call_index").select(columns).rows() == [
        ("openrouter", "Host", 40, 10, None),
        ("google", None, 100, 10, 24),
    ]
    rollout = tables["rollouts"].select("score", "is_success", "stop_reason", "n_calls", "wall_s", "time_basis").row(0)
    assert rollout == (1.0, True, "submitted", 2, 60.0, "lower_bound")


def test_the_flattened_run_gives_the_tables_of_its_own_reader(shared_data: Path) -> None:
    folder = shared_data / "mini_swe_agent"
    flat = [SourceFile(folder / name, name) for name in ("calls.jsonl", "instances.jsonl")]
    log = RejectLog("table")
    (batch,) = read_tables(flat, parse_mapping(MINI_SWE_AGENT_FLAT, "m.toml"), log)
    mapped, native = checked(batch, log), _native_tables(folder / "run")
    assert log.rows == []
    assert _comparable("rollouts", mapped).equals(_comparable("rollouts", native))
    # the flattened file left out the cost the scaffold itself computed
    without = pl.lit(None, pl.Float64).alias("claimed_cost_usd")
    assert _comparable("calls", mapped).equals(_comparable("calls", native).with_columns(without))


def _native_tables(folder: Path) -> Tables:
    files = [SourceFile(path, str(path.relative_to(folder))) for path in sorted(folder.rglob("*")) if path.is_file()]
    traces = [file for file in files if MINI_SWE_AGENT.sniff(peek(file.path))]
    others = [file for file in files if file not in traces and MINI_SWE_AGENT.is_companion(peek(file.path))]
    frames: dict[str, list[pl.DataFrame]] = {}
    for source in MINI_SWE_AGENT.group(traces, others):
        log = RejectLog("mini_swe_agent")
        for batch in MINI_SWE_AGENT.parse(source, log):
            for name, rows in checked(batch, log).items():
                frames.setdefault(name, []).append(rows)
    tables = {name: pl.concat(rows) for name, rows in frames.items()}
    groups = outside_reasoning_groups(tables["calls"])
    return tables | {"calls": tables["calls"].with_columns(output_high(groups))}


def _comparable(name: str, tables: Tables) -> pl.DataFrame:
    """Rows without what names the source: ids as task/attempt, in order."""
    rollout = pl.col("rollout_id").str.split("/").list.slice(-2).list.join("/")
    return TABLES[name].sort(tables[name].with_columns(rollout_id=rollout, run_id=pl.lit("run")))


def test_a_started_call_with_a_latency_has_an_end(tmp_path: Path) -> None:
    tables, _ = read(
        tmp_path, section("calls", "task_id:t started_at:s latency_s:l"), c_csv="t,s,l\na,2026-01-01T00:00:00Z,2.5\n"
    )
    started, ended, basis = tables["calls"].select("started_at", "ended_at", "time_basis").row(0)
    assert (ended - started, basis) == (timedelta(seconds=2.5), "measured")


def test_the_example_of_the_documentation_does_what_it_says(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "mapping.md").read_text("utf-8")
    csv, jsonl, toml = (text.split(f"```{name}\n")[1].split("```")[0] for name in ("csv", "jsonl", "toml"))
    tables, rejects = read(tmp_path, toml, calls_csv=csv, tasks_jsonl=jsonl)
    assert rejects == []
    assert {name: rows.height for name, rows in tables.items()} == {"runs": 1, "rollouts": 2, "calls": 3}
    direct = tables["calls"].filter(pl.col("provider") == "acme")
    assert direct.select("output_tokens", "output_high_tokens", "upstream_provider").row(0) == (40, 200, None)
    assert tables["rollouts"].sort("task_id")["recorded_cost_usd"].to_list() == [None, 0.0058]
    assert tables["rollouts"]["time_basis"].unique().to_list() == ["lower_bound"]
    assert tables["runs"]["agent"].to_list() == ["plain-loop 1.2 + acme-large"]


@pytest.mark.parametrize("model", [Mapping, Section, When])
def test_every_key_of_a_mapping_is_documented(model: type[Mapping | Section | When]) -> None:
    text = (Path(__file__).parents[3] / "docs" / "mapping.md").read_text("utf-8")
    keys = [field.alias or name for name, field in model.model_fields.items()]
    assert [key for key in keys if f"`{key}" not in text and f"[{key}]" not in text and f".{key}" not in text] == []
