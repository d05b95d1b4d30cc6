"""What moves a cost: prices and policies as levers, and draws of prices."""

from analyzer.tornado.montecarlo import Draws, PriceDraws, montecarlo
from analyzer.tornado.tornado import Tornado, tornado

__all__ = ["Draws", "PriceDraws", "Tornado", "montecarlo", "tornado"]
