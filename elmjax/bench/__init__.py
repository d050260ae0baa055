"""Measurements of speed, as rows of plain data."""
