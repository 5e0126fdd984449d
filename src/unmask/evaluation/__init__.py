"""Measure a bundle: scores of a dataset, metrics with intervals, calibration, a baseline."""
