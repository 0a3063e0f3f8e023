"""Plots of characters: charts, bars, maps and panels, as a terminal draws them."""
