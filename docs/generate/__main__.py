"""Draws the figures of ``docs/images`` again: ``python -m docs.generate``."""

from pathlib import Path
from typing import Final

from docs.generate.pages import playground, run_command

IMAGES: Final = Path(__file__).resolve().parents[1] / "images"
FIGURES: Final = {
    "score_at_budget.png": "evalreplay curve score_at_budget store/ --benchmark tau2-bench/airline --figure",
    "frontier.png": "evalreplay frontier store/ --benchmark tau2-bench/airline --figure",
    "compare.png": "evalreplay compare store/ --cache upper_bound --figure",
    "tornado.png": "evalreplay tornado store/ --benchmark swe-bench --per agent --figure",
    "fronts.png": "evalreplay hardware frontier gpt-oss-120b --isl 8192 --osl 1024 --figure",
    "history.png": (
        "evalreplay history store/ --from 2024-06-01 --to 2026-11-01 --benchmark tau2-bench/airline --figure"
    ),
}
_COLOURS: Final = 256


def draw_images() -> None:
    """Draw the figures of the docs again, with few colours so that they stay small."""
    from PIL import Image

    for name, command in FIGURES.items():
        run_command(f"{command} {name}", playground("images"))
        IMAGES.mkdir(exist_ok=True)
        with Image.open(playground("images") / name) as picture:
            picture.convert("RGB").quantize(_COLOURS, kmeans=3).save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    draw_images()
