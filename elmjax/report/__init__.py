"""What a run tells people: progress, the metrics log, tables, curves and pictures. Needs no JAX."""

from elmjax.report.bars import BarPanel, bar_panels
from elmjax.report.curves import evolution_curves, reward_curves, training_curve
from elmjax.report.drawing import Walk, contact_sheet, draw_walk
from elmjax.report.heat_map import archive_heat_map
from elmjax.report.metrics_log import MetricsLog, read_metrics
from elmjax.report.progress import StageProgress, stage_progress
from elmjax.report.search_curves import search_curves
from elmjax.report.statistics import (
    Interval,
    difference_interval,
    mean_interval,
    proportion_interval,
)
from elmjax.report.table import closing_table, closing_text
from elmjax.report.terrain_sheet import TerrainPicture, terrain_sheet

__all__ = [
    "BarPanel",
    "Interval",
    "MetricsLog",
    "StageProgress",
    "TerrainPicture",
    "Walk",
    "archive_heat_map",
    "bar_panels",
    "closing_table",
    "closing_text",
    "contact_sheet",
    "difference_interval",
    "draw_walk",
    "evolution_curves",
    "mean_interval",
    "proportion_interval",
    "read_metrics",
    "reward_curves",
    "search_curves",
    "stage_progress",
    "terrain_sheet",
    "training_curve",
]
