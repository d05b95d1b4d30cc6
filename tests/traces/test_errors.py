"""What a hint names: close names, else those a word is a part of, else all."""

from traces.errors import closest, nearest

KEYS = ("concurrency", "framework", "usd_per_gpu_hour")


def test_a_word_that_is_part_of_a_name_is_close_to_it() -> None:
    assert closest("conc", KEYS) == ["concurrency"]
    assert closest("gpu_hour", KEYS) == ["usd_per_gpu_hour"]


def test_two_letters_are_part_of_too_many_names_to_tell() -> None:
    assert nearest("co", KEYS) == "known: concurrency, framework, usd_per_gpu_hour"
