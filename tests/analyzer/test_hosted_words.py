"""Whatever a figure on accelerators is shown in says what it rests on."""

from pathlib import Path

from tests.commands import run_command

HOSTED = '--hardware "*=b200,concurrency=16,like=gpt-oss-120b" --allow-estimate'


def test_cards_frontiers_and_reports_say_on_what_engine_and_that_it_is_an_estimate(tmp_path: Path) -> None:
    from analyzer.tour import BUNDLED

    code, printed = run_command(f"evalreplay reprice {BUNDLED} -o priced {HOSTED}", tmp_path)
    assert code == 0, printed
    assert run_command("evalreplay report priced -o report.html", tmp_path)[0] == 0
    said = [
        run_command(f"evalreplay {command} priced", tmp_path)[1]
        for command in ("card", "frontier", "curve score_vs_cost")
    ]
    said.append((tmp_path / "report.html").read_text(encoding="utf-8"))
    for text in said:
        assert "no vendor" in text
        assert "An estimate: taken to run like gpt-oss-120b" in text
