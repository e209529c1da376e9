"""The embedded demo: a taped track, drawn on the spot."""

from rccar_models.formats.demo.reading import FORMAT

__all__ = ["FORMAT"]
