"""Memory: the cache of a context, the weights a step reads, and how many requests fit beside them."""

import pytest

from pricing.hardware.memory import Architecture, kv_precision_of, max_concurrency


def model(**values: float | bool) -> Architecture:
    dense = {"params": 70e9, "active_params": 70e9, "n_layers": 80, "kv_values": 2048, "is_latent": False}
    rest = {"n_window_layers": 0, "window_tokens": 0, "n_experts": 0, "n_active_experts": 0}
    return Architecture("open", **{**dense, **rest, **values})  # type: ignore[arg-type]


def test_the_cache_of_deepseek_r1_takes_35_kb_a_token() -> None:
    """512 + 64 values in each of 61 layers (DeepSeek-V2, arXiv:2405.04434) at 8 bits."""
    latent = model(n_layers=61, kv_values=576, is_latent=True)
    assert latent.kv_bytes(1, "fp8") == 35_136


def test_a_layer_with_a_window_keeps_the_window_only() -> None:
    windowed = model(n_layers=18, n_window_layers=18, window_tokens=128, kv_values=1024)
    assert windowed.kv_bytes(100, "fp8") == 1024 * 36 * 100
    assert windowed.kv_bytes(10_000, "fp8") == 1024 * (18 * 10_000 + 18 * 128)
    assert windowed.kv_growth_bytes("fp8") == 1024 * 18


def test_a_dense_model_reads_all_its_weights_whatever_the_batch() -> None:
    assert model().step_bytes(1, "fp8") == model().step_bytes(64, "fp8") == 70e9


def test_more_requests_touch_more_experts() -> None:
    """4 of 128 experts: one request touches 4/128 of them, many touch all; the rest is always read."""
    sparse = model(params=100e9, active_params=100e9 * 4 / 128, n_experts=128, n_active_experts=4)
    assert sparse.step_bytes(1, "fp8") == pytest.approx(100e9 * 4 / 128)
    assert sparse.step_bytes(10_000, "fp8") == pytest.approx(100e9)
    assert sparse.step_bytes(8, "fp8") == pytest.approx(100e9 * (1 - (1 - 4 / 128) ** 8))


def held(architecture: Architecture, **values: float) -> float:
    asked = {"memory_gb": 141.0, "n_gpus": 8, "context_tokens": 32_768.0, **values}
    return max_concurrency(architecture, weights_precision="fp8", kv_precision="fp8", **asked)  # type: ignore[arg-type]


def test_requests_that_fit_are_what_is_left_over_the_cache_of_one() -> None:
    free = 8 * 141e9 * 0.9 - 70e9
    assert held(model()) == pytest.approx(free / (32_768 * 80 * 2048))


def test_a_latent_cache_is_held_by_every_accelerator_unless_attention_is_split_by_data() -> None:
    latent = model(kv_values=576, is_latent=True)
    assert held(latent, dp=8) == pytest.approx(8 * held(latent))


def test_weights_that_do_not_fit_leave_room_for_less_than_nothing() -> None:
    assert held(model(params=2e12)) < 0


@pytest.mark.parametrize(
    ("stated", "weights", "meant"),
    [("bf16", "fp8", "bf16"), (None, "fp8", "fp8"), (None, "fp4", "fp8"), (None, "bf16", "bf16"), (None, None, "bf16")],
)
def test_the_precision_of_the_cache_follows_the_weights_where_it_is_not_stated(
    stated: str | None, weights: str | None, meant: str
) -> None:
    assert kv_precision_of(stated, weights) == meant
