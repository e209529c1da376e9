"""COCO annotations: boxes, outlines and run-length codes."""

from rccar_models.formats.coco.reading import FORMAT

__all__ = ["FORMAT"]
