"""Data sets written in another format: mask folder, COCO or YOLO. No torch."""

from rccar_models.conversion.converting import TARGETS, Converted, convert

__all__ = ["TARGETS", "Converted", "convert"]
