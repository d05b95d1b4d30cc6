"""Figures go to files of three types; another is refused before anything is worked out."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from analyzer.cli.options import SUFFIXES
from analyzer.figures import save
from tests.commands import run_command


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_type_the_command_line_takes_can_be_written(tmp_path: Path, suffix: str) -> None:
    save(Figure(), tmp_path / f"figure{suffix}")
    assert (tmp_path / f"figure{suffix}").stat().st_size > 0


@pytest.mark.parametrize("name", ["figure.txt", "figure"])
def test_another_type_is_refused_though_the_store_is_not_there(tmp_path: Path, name: str) -> None:
    code, printed = run_command(f"evalreplay frontier nowhere/ --figure {name}", tmp_path)
    assert code == 2
    assert "use .png, .svg, .pdf" in printed


@pytest.mark.parametrize("question", ["frontier gpt-oss-120b", "ratio gpt-oss-120b h100 b200"])
def test_speeds_nobody_measured_are_an_error_that_names_the_nearest(tmp_path: Path, question: str) -> None:
    code, printed = run_command(f"evalreplay hardware {question} --at 900", tmp_path)
    assert code == 4
    assert "the nearest is 2" in printed
