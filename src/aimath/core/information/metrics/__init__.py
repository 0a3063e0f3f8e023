"""Metrics of predictions: accuracy, calibration, ranking; and the comparison of two systems."""
