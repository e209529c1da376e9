"""YOLO text labels: boxes and outlines."""

from rccar_models.formats.yolo.reading import FORMAT

__all__ = ["FORMAT"]
