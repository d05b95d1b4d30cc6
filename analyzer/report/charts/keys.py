"""How agents are told apart in charts: a letter, and colour, dash and marker saying the same again."""

from typing import Final

N_COLOURS: Final = 7
_N_DASHES: Final = 4
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MARKERS: Final = (
    "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    "m-4.5 -4.5h9v9h-9z",
    "m0 -5.5l5.5 9.5h-11z",
    "m0 -6l6 6l-6 6l-6 -6z",
    "m0 5.5l5.5 -9.5h-11z",
)
"""Paths around their middle: circle, square, triangle, diamond, triangle upside down."""


def letter(number: int) -> str:
    """Key of the n-th agent of a benchmark: A to Z, then A1 to Z1 ..."""
    turn, place = divmod(number, len(_LETTERS))
    return _LETTERS[place] + (str(turn) if turn else "")


def style(number: int) -> str:
    """Classes of the n-th agent: with the letter, colour and dash."""
    return f"c{number % N_COLOURS} d{number % _N_DASHES}"


def marker(number: int, x: float, y: float, *, is_filled: bool = True) -> str:
    """Marker of the n-th agent as SVG."""
    face = "" if is_filled else " hollow"
    return f'<path class="marker{face}" d="M{x:.1f} {y:.1f}{_MARKERS[number % len(_MARKERS)]}"/>'


def swatch(number: int) -> str:
    """Letter, line and marker of the n-th agent, as the SVG that stands in front of its name."""
    line = '<path class="line" d="M1 9H33"/>'
    return (
        f'<svg class="swatch {style(number)}" viewBox="0 0 34 18" width="34" height="18" aria-hidden="true">'
        f"{line}{marker(number, 17, 9)}</svg>"
    )
