"""AgentLab studies on BrowserGym: the table of all episodes, or the summary each episode has in a folder of its own."""

from traces.readers.agentlab.episodes import group, is_either
from traces.readers.agentlab.tables import parse
from traces.registry import Reader

READER = Reader(
    name="agentlab",
    summary="AgentLab studies on BrowserGym: result_df tables (CSV), and the summary_info.json of episodes.",
    upstream=(
        "ServiceNow/AgentLab 0.2-0.4 (2024-08 to 2026), browsergym-experiments 0.3-0.14",
        "cum_openai_* counts until 2024-10, cum_input_tokens, cum_output_tokens and cum_cost since",
    ),
    token_convention=(
        "Sums over the calls of an episode, as each provider counts: OpenAI's prompt_tokens include cached tokens, "
        "Anthropic's input_tokens leave them out; the split is not told."
    ),
    blind_spots=(
        "Settings of an episode are in a pickle, which is never opened: a summary names no model.",
        "Task, agent and seed of a summary are told by its folder alone.",
        "No call is recorded for itself: one total an episode, over however many calls.",
        "Costs are AgentLab's estimate at list prices: claimed_cost_usd of calls. 0 is that of no price: not known.",
        "Anthropic's cached tokens are missing from the input: it is too low where a cache was used.",
        "Times are those of the agent and of the environment step by step: starting the environment is not in them.",
        "An episode that broke off keeps the reward it had until then, as AgentLab's mean counts it.",
    ),
    sniff=is_either,
    parse=parse,
    group=group,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.settings", "runs.limit_turns",
        "runs.submissions_allowed", "runs.score_metric", "runs.success_rule", "tasks.benchmark", "rollouts.benchmark",
        "rollouts.score", "rollouts.is_success", "rollouts.wall_s", "rollouts.tool_s", "rollouts.time_basis",
        "rollouts.recorded_cost_usd", "calls.provider", "calls.model", "calls.latency_s", "calls.time_basis",
        "calls.input_tokens", "calls.output_tokens", "calls.claimed_cost_usd",
    ),
)  # fmt: skip
