"""Mutation of walker programs by edits of their syntax tree."""

from elmjax.programs.tree.bugs import plant_bug
from elmjax.programs.tree.mutation import (
    OPERATORS,
    SPATIAL_OPERATORS,
    EditClass,
    Operator,
    TreeEdit,
    mutate,
    mutate_often,
)

__all__ = [
    "OPERATORS",
    "SPATIAL_OPERATORS",
    "EditClass",
    "Operator",
    "TreeEdit",
    "mutate",
    "mutate_often",
    "plant_bug",
]
