"""AgentLab studies to canonical tables: a run for each agent on each benchmark, episodes as rollouts with a total."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import whole
from traces.readers.agentlab.episodes import Episode, episodes
from traces.registry import Batch, Source
from traces.rejects import RejectLog
from traces.rows import digest, frame_of, known_usd
from traces.schema import CALLS, ROLLOUTS, RUNS, TASKS

Row = dict[str, Any]
_SUCCESS: Final = 1 - 1e-9


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a study to its runs."""
    runs: dict[tuple[str, str, str], list[Episode]] = defaultdict(list)
    for episode in episodes(source, log):
        runs[episode.agent or "", _benchmark(episode) or "", episode.model or ""].append(episode)
    if not runs:
        log.malformed(source.files[0].name, "", "no episode in it")
    for key, of_run in sorted(runs.items()):
        run_id = f"agentlab-{digest([*key, *sorted(map(_told, of_run))])}"
        rows, benchmark = list(_rows(run_id, of_run)), _benchmark(of_run[0])
        tasks = [{"benchmark": benchmark, "task_id": task} for task in sorted({episode.task for episode in of_run})]
        yield {
            "runs": frame_of(RUNS, [_run_row(run_id, of_run, source)], source.name), "tasks": frame_of(TASKS, tasks),
            "rollouts": frame_of(ROLLOUTS, [rollout for rollout, _ in rows]),
            "calls": frame_of(CALLS, [call for _, call in rows]),
        }  # fmt: skip


def _told(episode: Episode) -> str:
    """What tells an episode from others, wherever it lies."""
    return repr((episode.task, sorted((name, value) for name, value in episode.numbers.items() if value is not None)))


def _benchmark(episode: Episode) -> str | None:
    """Benchmark as stated, else as the task begins (miniwob.click-dialog)."""
    prefix, dot, _ = episode.task.partition(".")
    return episode.benchmark or (prefix if dot else None)


def _rows(run_id: str, of_run: Sequence[Episode]) -> Iterator[tuple[Row, Row]]:
    """Rollouts with their totals; attempts at a task are numbered by their seeds."""
    attempts: Counter[str] = Counter()
    for episode in sorted(of_run, key=lambda one: (one.task, one.numbers.get("env_task_seed") or 0, one.key)):
        attempt = attempts[episode.task]
        attempts[episode.task] += 1
        rollout_id = f"{run_id}/{episode.task}/{attempt}"
        where = {PATH_COLUMN: episode.file.name, PLACE_COLUMN: episode.place}
        shared = {"run_id": run_id, "rollout_id": rollout_id, **where}
        yield {**shared, **_rollout(episode), "attempt": attempt}, {**shared, **_total(episode, rollout_id)}


def _rollout(episode: Episode) -> Row:
    score = episode.numbers.get("cum_reward")
    parts = episode.numbers.get("stats_cum_agent_elapsed"), episode.numbers.get("stats_cum_step_elapsed")
    known = [part for part in parts if part is not None]
    return {
        "benchmark": _benchmark(episode), "task_id": episode.task, "score": score,
        "is_success": None if score is None else score >= _SUCCESS, "stop_reason": _stop_reason(episode),
        "wall_s": sum(known) if known else None, "time_basis": "lower_bound" if known else None, "tool_s": parts[1],
        "recorded_cost_usd": _usd(episode),
    }  # fmt: skip


def _total(episode: Episode, rollout_id: str) -> Row:
    """Total of an episode; 0 in and out is that of an agent nobody counted."""
    sent = whole(episode.first("stats_cum_input_tokens", "stats_cum_openai_prompt_tokens"))
    received = whole(episode.first("stats_cum_output_tokens", "stats_cum_openai_completion_tokens"))
    is_counted = bool(sent or received)
    prefix, slash, name = (episode.model or "").partition("/")
    seconds = episode.numbers.get("stats_cum_agent_elapsed")
    return {
        "call_id": f"{rollout_id}#total", "granularity": "rollout", "n_requests": None,
        "provider": prefix if slash else None, "model": name if slash else episode.model,
        "input_tokens": sent if is_counted else None, "output_tokens": received if is_counted else None,
        "latency_s": seconds, "time_basis": None if seconds is None else "upper_bound",
        "claimed_cost_usd": _usd(episode),
    }  # fmt: skip


def _usd(episode: Episode) -> float | None:
    """Dollars AgentLab estimated; 0 is that of a model it has no price of."""
    return known_usd(episode.first("stats_cum_cost", "stats_cum_openai_total_cost"))


def _stop_reason(episode: Episode) -> str:
    """Why an episode ended: the task was over, the steps were used up, or something broke."""
    if episode.has_error:
        return "error"
    return "submitted" if episode.is_terminated else "limit_turns" if episode.is_truncated else "unknown"


def _run_row(run_id: str, of_run: Sequence[Episode], source: Source) -> Row:
    first = of_run[0]
    limits = {whole(episode.numbers.get("env_max_steps")) for episode in of_run}
    return {
        "run_id": run_id, "benchmark": _benchmark(first), "scaffold": "AgentLab", "model": first.model,
        "agent": first.agent or first.model or "unknown",
        "settings": json.dumps({"temperature": first.temperature, "agent_name": first.agent}, sort_keys=True),
        "limit_turns": limits.pop() if len(limits) == 1 else None, "submissions_allowed": 1,
        "score_metric": "cum_reward", "success_rule": "cum_reward >= 1", "source_format": "agentlab",
        "source_path": source.name,
    }  # fmt: skip
