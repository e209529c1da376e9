"""What can be set on the augmentation, without torch: the catalog lists these."""

from rccar_models.options import Option

OPTIONS: tuple[Option, ...] = (
    # Off unless asked for: a mirrored frame keeps its labels, and tracks and signs have a direction.
    Option(
        name="flip", default=0.0, low=0.0, high=1.0, text="probability of mirroring a frame left to right"
    ),
    Option(name="scale", default=0.2, low=0.0, high=0.5, text="zoom in or out by up to this share"),
    Option(
        name="crop",
        default=0.1,
        low=0.0,
        high=0.5,
        text="cut away up to this share of width and height, anywhere",
    ),
    Option(
        name="colour",
        default=0.3,
        low=0.0,
        high=1.0,
        text="strength of brightness, contrast and saturation changes",
    ),
    Option(name="blur", default=0.1, low=0.0, high=1.0, text="probability of blurring a frame"),
)
