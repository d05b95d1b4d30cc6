"""What a model takes of memory: its weights, and the key-value cache of a context.

Cache per token and layer: 2 * key-value heads * head dimension, or the latent vector where attention is compressed
(DeepSeek-V2, arXiv:2405.04434, section 2.1); layers with a window keep the window only. A latent vector is held by
every accelerator of a tensor-parallel group, so that only data-parallel attention spreads it.
"""

from dataclasses import dataclass
from typing import Final

PRECISION_BYTES: Final = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0, "fp4": 0.5, "int4": 0.5}
"""Bytes per value; the scales of small blocks, some percent more, are not counted."""
UNSTATED_KV: Final = "fp8"
"""Precision of the cache where the weights are 8 bits or fewer and nothing else is stated."""
USABLE_FRAC: Final = 0.9
"""Share of memory serving frameworks take by default (vLLM gpu_memory_utilization)."""
_GB: Final = 1e9


@dataclass(frozen=True, slots=True)
class Architecture:
    """Model as memory and arithmetic see it.

    Args:
        model: Short name.
        params: Parameters.
        active_params: Parameters a token passes through.
        n_layers: Layers that attend to the whole context.
        kv_values: Values kept of a token in one such layer.
        is_latent: Whether they are a latent vector that tensor parallelism cannot split.
        n_window_layers: Layers that attend to a window.
        window_tokens: Tokens of the window.
        n_experts: Routed experts; 0: dense.
        n_active_experts: Of which a token uses; 0: dense.
    """

    model: str
    params: float
    active_params: float
    n_layers: int
    kv_values: int
    is_latent: bool
    n_window_layers: int
    window_tokens: int
    n_experts: int
    n_active_experts: int

    def kv_bytes(self, context_tokens: float, precision: str) -> float:
        """Bytes of the cache of one request."""
        in_windows = self.n_window_layers * min(context_tokens, float(self.window_tokens))
        return self.kv_values * PRECISION_BYTES[precision] * (self.n_layers * context_tokens + in_windows)

    def kv_growth_bytes(self, precision: str) -> float:
        """Bytes one more token of context adds, beyond any window."""
        return self.kv_values * PRECISION_BYTES[precision] * self.n_layers

    def step_bytes(self, concurrency: float, precision: str) -> float:
        """Bytes of weights a decoding step reads: of the experts, those that some request is expected to be sent to.

        With k of E experts per token, a batch of B touches the share 1 - (1 - k/E)**B of them.
        """
        bytes_per_param = PRECISION_BYTES[precision]
        if not self.n_experts or self.n_active_experts >= self.n_experts:
            return self.params * bytes_per_param
        share = self.n_active_experts / self.n_experts
        routed = (self.params - self.active_params) / (1 - share)
        touched = 1 - float((1 - share) ** concurrency)
        return (self.params - routed + routed * touched) * bytes_per_param


def kv_precision_of(stated: str | None, weights: str | None) -> str:
    """Precision of the cache: as stated, else eight bits beside weights of so few, else sixteen."""
    return stated or ("bf16" if weights in {None, "bf16", "fp16", "fp32"} else UNSTATED_KV)


def max_concurrency(  # noqa: PLR0913 - the quantities of one formula
    model: Architecture,
    memory_gb: float,
    n_gpus: int,
    context_tokens: float,
    *,
    weights_precision: str,
    kv_precision: str,
    dp: int = 1,
) -> float:
    """Requests whose cache fits beside the weights: (n * memory * 0.9 - weights) / (context * bytes per token).

    Args:
        model: Architecture.
        memory_gb: Memory of one accelerator.
        n_gpus: Accelerators one copy of the model runs on.
        context_tokens: Tokens of context a request holds.
        weights_precision: Precision of the weights.
        kv_precision: Precision of the cache.
        dp: Attention-data-parallel degree.

    Returns:
        Requests under way at a time; 0 or less: the weights alone do not fit.
    """
    weights = model.params * PRECISION_BYTES[weights_precision]
    free = n_gpus * memory_gb * _GB * USABLE_FRAC - weights
    copies = n_gpus / max(dp, 1) if model.is_latent else 1.0
    return free / (copies * model.kv_bytes(context_tokens, kv_precision))
