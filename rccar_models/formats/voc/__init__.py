"""Pascal VOC: boxes from XML, masks from SegmentationClass."""

from rccar_models.formats.voc.reading import FORMAT

__all__ = ["FORMAT"]
