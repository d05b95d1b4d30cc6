"""Usage as HAL uploads hold it, of every client, to the token columns of ``calls``."""

from traces.decode import whole
from traces.inspect_usage import proven
from traces.readers.hal.file import Call, CallUsage, GoogleUsage, Inputs, Output, RecordedUsage
from traces.usage import TOKEN_COLUMNS, UNKNOWN, TokenCounts, Usage, token_counts

Used = tuple[str | None, TokenCounts, int | None]
"""Model, tokens, number of requests."""


def is_used(usage: CallUsage | None) -> bool:
    """Tell whether a usage says anything."""
    return usage is not None and not (
        usage.prompt_tokens is usage.completion_tokens is usage.input_tokens is usage.output_tokens is None
        and usage.bedrock_input is usage.bedrock_output is usage.total_tokens is None
    )


def task_of(call: Call) -> str | None:
    """Task a call was made for."""
    label = call.weave_task_id
    if label is None and call.attributes is not None:
        label = call.attributes.weave_task_id
    return None if label is None else str(label)


def output_of(call: Call) -> Output | None:
    """What the call returned, if it is an object; older files name it ``outputs``."""
    output = call.output
    if isinstance(output, Output):
        return output
    return call.outputs if isinstance(call.outputs, Output) else None


def summed_usage(call: Call) -> list[tuple[str, CallUsage]]:
    """Usage by model as Weave adds it up over the call and those inside it."""
    usage = call.summary.usage if call.summary is not None else None
    if not usage:
        return []
    if isinstance(usage, dict) and len(usage) == 1:  # by far the most frequent case
        ((model, used),) = usage.items()
        return [(model, used)] if used is not None and is_used(used) else []
    parts = usage if isinstance(usage, list) else [usage]
    return [(model, used) for part in parts for model, used in part.items() if used is not None and is_used(used)]


def used_by(call: Call) -> list[Used]:
    """What a call used, by model: the provider's own usage where there is one, else Weave's sums; empty: not said."""
    output = output_of(call)
    if output is not None and output.usage_metadata is not None:
        return [(model_of(call), _google_counts(output.usage_metadata), 1)]
    sums, own = summed_usage(call), output.usage if output is not None else None
    if own is not None and len(sums) <= 1 and is_used(own):
        return [(model_of(call) or (sums[0][0] if sums else None), call_counts(own), 1)]
    return [
        (model, call_counts(usage), 1 if usage.requests is None else whole(usage.requests)) for model, usage in sums
    ]


def model_of(call: Call) -> str | None:
    """Model as the answer names it, else as it was asked for."""
    output, inputs = output_of(call), call.inputs
    if output is not None and isinstance(output.model, str) and output.model:
        return output.model
    return inputs.model or None if isinstance(inputs, Inputs) and isinstance(inputs.model, str) else None


def call_counts(usage: CallUsage) -> TokenCounts:
    """Tokens of one call; Bedrock counts cached input apart, as Anthropic does."""
    if usage.bedrock_input is None and usage.bedrock_output is None:
        return _with_reasoning(token_counts(usage), usage)
    return token_counts(
        Usage(
            input_tokens=usage.bedrock_input,
            output_tokens=usage.bedrock_output,
            cache_read_input_tokens=usage.bedrock_cache_read,
            cache_creation_input_tokens=usage.bedrock_cache_write,
        )
    )


def _with_reasoning(counts: TokenCounts, usage: CallUsage) -> TokenCounts:
    """Keep the reasoning an answer states where its cached part is not told."""
    details = usage.completion_tokens_details or usage.output_tokens_details
    if details is None or counts.reasoning_tokens is not None:
        return counts
    return counts._replace(reasoning_tokens=whole(details.reasoning_tokens))


def _google_counts(usage: GoogleUsage) -> TokenCounts:
    """Cached tokens are part of the prompt; thoughts lie outside the candidates."""
    total, read = whole(usage.prompt_token_count), whole(usage.cached_content_token_count) or 0
    thoughts, answer = whole(usage.thoughts_token_count), whole(usage.candidates_token_count)
    output = None if answer is None and thoughts is None else (answer or 0) + (thoughts or 0)
    if total is None:
        return TokenCounts(output_tokens=output, reasoning_tokens=thoughts)
    return TokenCounts(total, total - read, read, 0, 0, 0, output, thoughts)


def inspect_counts(usage: RecordedUsage) -> TokenCounts:
    """Tokens as Inspect counts them: whether input includes cached tokens is proven by the total, per record."""
    given, output, reasoning = (
        whole(count) for count in (usage.input_tokens, usage.output_tokens, usage.reasoning_tokens)
    )
    read, write = whole(usage.input_tokens_cache_read) or 0, whole(usage.input_tokens_cache_write) or 0
    convention = proven(usage)
    if output is not None and convention is not None and convention.is_reasoning_outside:
        output += reasoning or 0
    rest = UNKNOWN._replace(output_tokens=output, reasoning_tokens=reasoning)
    if given is None:
        return rest
    if not read and not write:
        return rest._replace(input_tokens=given)
    if read + write > given or (convention is not None and convention.is_cache_outside):
        return rest._replace(**_split(given + read + write, given, read, write))
    return rest if convention is None else rest._replace(**_split(given, given - read - write, read, write))


def _split(total: int, uncached: int, read: int, write: int) -> dict[str, int]:
    return dict(zip(TOKEN_COLUMNS[:6], (total, uncached, read, 0, 0, write), strict=True))
