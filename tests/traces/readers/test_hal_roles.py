"""Who calls a model in a HAL run: models are told apart by name, whatever snapshot answers and however it is spelt."""

from pathlib import Path
from typing import Any

import pytest
from hal_files import read, upload

from traces.readers.hal.file import Config
from traces.readers.hal.roles import role_of


@pytest.mark.parametrize(
    ("asked", "answered", "role"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06", "agent"),
        ("gpt-4o-mini", "gpt-4o-2024-08-06", "user"),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "user"),
        ("gpt-5", "gpt-5-mini-2025-08-07", "user"),
        ("o3-mini-2025-01-31", "o3-mini", "agent"),
        ("gemini/gemini-2.0-flash", "gemini-2.0-flash-001", "agent"),
        ("gemini-2.5-pro-preview", "gemini-2.5-pro-preview-05-06", "agent"),
        ("openrouter/anthropic/claude-3.7-sonnet", "anthropic/claude-3-7-sonnet-20250219", "agent"),
        ("claude-3-7-sonnet-20250219", "us.anthropic.claude-3-7-sonnet-20250219-v1:0", "agent"),
    ],
)
def test_the_agent_and_the_user_it_talks_to_are_told_apart(asked: str, answered: str, role: str) -> None:
    config = Config(benchmark_name="taubench_airline", agent_args={"model_name": asked})
    assert role_of(config)(answered) == role


@pytest.mark.parametrize(
    ("spec", "role"),
    [
        ({}, "other"),
        ({"scorers": [{"name": "graded", "options": {"model": "openai/grader"}}]}, "judge"),
        ({"model_roles": {"grader": {"model": "openai/grader"}}}, "judge"),
    ],
    ids=["not told", "an option of a scorer", "a role"],
)
def test_a_model_beside_the_evaluated_one_is_a_judge_where_the_log_of_inspect_says_so(
    tmp_path: Path, spec: dict[str, Any], role: str
) -> None:
    usage = {"input_tokens": 10, "output_tokens": 1, "total_tokens": 11}
    usages = {"openai/large": usage, "openai/grader": usage}
    evaluated = {
        "version": 2, "status": "success", "eval": {"task": "inspect_evals/gaia", "model": "openai/large", **spec},
        "samples": [{"id": "t1", "epoch": 1, "scores": {"match": {"value": "C"}}, "model_usage": usages}],
    }  # fmt: skip
    total = {model: {**counts, "input_tokens": 15} for model, counts in usages.items()}
    tables, _ = read(tmp_path, upload([], evaluated, total_usage=total))
    by_model = set(tables["calls"].select("model", "role").rows())
    assert by_model == {("openai/large", "agent"), ("openai/grader", role)}
    assert tables["calls"].height == 4
