"""What Exgentic's programs are known to do that its files do not say: whose calls a benchmark makes, how cost is made.

Sources: Exgentic/exgentic 0.3.5 ``utils/cost.py``, ``integrations/litellm/trace_cost.py``, the ``get_cost`` of agents
and benchmarks; exgentic.github.io ``scripts/build_data.py`` for the names of the website.
"""

from collections.abc import Mapping
from typing import Final

_LIST_PRICE: Final = "all tokens at the list price of LiteLLM, cached ones at the full price"
_RESPONSE_COST: Final = "LiteLLM's cost of each response, caches counted; where it gives none, all tokens at list price"
_BASES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("tool_calling", "tool_calling_with_shortlisting", "openai_solo"), _LIST_PRICE),
    **dict.fromkeys(("smolagents_tool", "smolagents_code", "smolagent"), _LIST_PRICE),
    **dict.fromkeys(("litellm", "litellm-shortlist", "openaimcp"), _LIST_PRICE),
    **dict.fromkeys(("claude_code", "codex_cli", "gemini_cli", "claudecode"), _RESPONSE_COST),
}  # fmt: skip
_CALLERS: Final[Mapping[str, str]] = {"tau2": "user", "browsecompplus": "judge"}


def cost_basis(agent: str | None) -> str | None:
    """How the dollars of an agent were made, which differs between agents; null: not known of this one."""
    return _BASES.get(agent or "")


def benchmark_role(benchmark: str | None) -> str:
    """Who calls a model on the side of the benchmark: tau2 simulates the user, BrowseComp-Plus judges answers."""
    return _CALLERS.get((benchmark or "").partition("/")[0], "other")


def makes_calls(benchmark: str | None) -> bool:
    """Whether the benchmark is known to call models itself, so that 0 dollars of its own are none it knew of."""
    return benchmark_role(benchmark) != "other"


def benchmark_name(slug: str | None, subset: str | None) -> str | None:
    """Name with its subset, the same in run folders ("tau2", "retail") and on the leaderboard ("tau2_retail")."""
    bare = (slug or "").removesuffix(f"_{subset}" if subset else "")
    return "/".join(part for part in (bare, subset) if part) or None
