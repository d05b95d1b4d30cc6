"""Answers of another library to the calls of traps.toml, by the fullest call it documents; needs that library only.

Runs with the interpreter of PEERS_PYTHON, so it imports nothing of this project but ``measure``.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from measure import taken, tell

Call = Mapping[str, Any]
Pricer = Callable[[Call], Iterable[float]]
"""Figures a library gives: one, or several where it depends on the machine's clock."""
_PREFIXES: Final = {
    "google": "gemini", "x-ai": "xai", "together": "together_ai", "aws": "bedrock", "moonshotai": "moonshot",
}  # fmt: skip
"""Names of providers in litellm's map, which tokencost took over, where they differ from the calls'."""
_MOST_CHARS: Final = 90


def _genai_prices(_: list[str]) -> Pricer:
    from genai_prices import Usage, calc_price

    def price(call: Call) -> list[float]:
        writes = {f"cache_write_{ttl}_tokens": call[f"cache_write_{ttl}_tokens"] for ttl in ("5m", "1h")}
        usage = Usage(
            input_tokens=_prompt_tokens(call), cache_read_tokens=call["cache_read_tokens"],
            cache_write_tokens=sum(writes.values()), output_tokens=call["output_tokens"], **writes,
        )  # fmt: skip
        context = {"processing": "batch"} if call["is_batch"] else {"service_tier": call["service_tier"]}
        at = datetime.fromisoformat(call["at"])
        providers = [call["provider"]] if call["provider"] else [None, "litellm"]
        for number, provider in enumerate(providers, 1):
            try:
                told = calc_price(
                    usage, call["model"], provider_id=provider, genai_request_timestamp=at, price_context=context
                )
            except LookupError:
                if number == len(providers):
                    raise
            else:
                return [float(told.total_price)]
        raise LookupError

    return price


def _litellm(clocks: list[str]) -> Pricer:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    litellm = import_module("litellm")
    litellm.suppress_debug_info = True
    moments = [datetime.fromisoformat(clock).astimezone(UTC) for clock in clocks]

    def price(call: Call) -> list[float]:
        return sorted({_by_clock(lambda: _litellm_cost(litellm, call), moment) for moment in moments})

    return price


def _by_clock(cost: Callable[[], float], moment: datetime) -> float:
    """Pin the clock litellm reads, so that the table does not depend on when it is made."""
    pinned = getattr(import_module("litellm._internal_context"), "pinned_billing_time", lambda _: nullcontext())
    with pinned(moment):
        return cost()


def _litellm_cost(litellm: Any, call: Call) -> float:
    ttls = {f"ephemeral_{ttl}_input_tokens": call[f"cache_write_{ttl}_tokens"] for ttl in ("5m", "1h")}
    prompt, output = _prompt_tokens(call), call["output_tokens"]
    details = {
        "cached_tokens": call["cache_read_tokens"], "cache_creation_tokens": sum(ttls.values()),
        "cache_creation_token_details": ttls,
    }  # fmt: skip
    usage = litellm.Usage(
        prompt_tokens=prompt, completion_tokens=output, total_tokens=prompt + output, prompt_tokens_details=details
    )
    name = _prefixed(call)
    if call["is_batch"]:
        return float(sum(import_module("litellm.cost_calculator").batch_cost_calculator(usage, name)))
    tier = None if call["service_tier"] == "standard" else call["service_tier"]
    response = litellm.ModelResponse(model=name, usage=usage)
    return float(litellm.completion_cost(response, model=name, service_tier=tier))


def _tokencost(_: list[str]) -> Pricer:
    calculate = import_module("tokencost").calculate_cost_by_tokens

    def price(call: Call) -> list[float]:
        writes = call["cache_write_5m_tokens"] + call["cache_write_1h_tokens"]  # it has no such type of token
        by_type = {
            "input": call["uncached_input_tokens"] + writes, "cached": call["cache_read_tokens"],
            "output": call["output_tokens"],
        }  # fmt: skip
        return [float(sum(calculate(tokens, _prefixed(call), kind) for kind, tokens in by_type.items() if tokens))]

    return price


def _prompt_tokens(call: Call) -> int:
    """What these libraries take as the prompt: all input. Handed over unconverted, it is the fresh part alone."""
    fresh = int(call["uncached_input_tokens"])
    cached = call["cache_read_tokens"] + call["cache_write_5m_tokens"] + call["cache_write_1h_tokens"]
    return fresh if call["is_unconverted"] else fresh + int(cached)


def _prefixed(call: Call) -> str:
    provider = call["provider"]
    return f"{_PREFIXES.get(provider, provider)}/{call['model']}" if provider else str(call["model"])


PEERS: Final[dict[str, Callable[[list[str]], Pricer]]] = {
    "genai-prices": _genai_prices,
    "litellm": _litellm,
    "tokencost": _tokencost,
}


def _answer(price: Pricer, call: Call) -> tuple[list[float], str]:
    try:
        figures = list(price(call))
    except Exception as error:  # noqa: BLE001 - whatever it raises is its answer
        said = " ".join(str(error).split())
        return [], f"{type(error).__name__}: {said}"[:_MOST_CHARS]
    return figures, "" if len(figures) == 1 else "by the machine's clock"


if __name__ == "__main__":
    name, path = sys.argv[1:]
    asked = json.loads(Path(path).read_text(encoding="utf-8"))
    pricer = PEERS[name](asked["clocks"])
    tell(taken(lambda: [_answer(pricer, call) for call in asked["calls"]]))
