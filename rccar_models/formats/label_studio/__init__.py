"""Label Studio's JSON export."""

from rccar_models.formats.label_studio.reading import FORMAT

__all__ = ["FORMAT"]
