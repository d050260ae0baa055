"""Procedural walker programs in many styles."""

from elmjax.programs.generate.generation import generate

__all__ = ["generate"]
