"""LabelMe's JSON, and the variant with coordinates in percent."""

from rccar_models.formats.labelme.reading import FORMAT

__all__ = ["FORMAT"]
