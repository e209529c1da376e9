"""Semantic masks as pictures, of class ids or of colours."""

from rccar_models.formats.mask_folder.reading import FORMAT

__all__ = ["FORMAT"]
