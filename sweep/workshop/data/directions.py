"""Class names that know left from right, for the office."""

from collections.abc import Sequence


def directed_classes(classes: Sequence[str]) -> tuple[str, ...]:
    """Choose the classes that a mirrored frame would confuse.

    Args:
        classes: their names.

    Returns:
        Those with a word for a side, in order.
    """
    # Here, since a sweep asks once, and commands that ask never need not wait for the checks' modules.
    from rccar_models.inspection.set_rules import directed_classes as directed

    return directed(classes)
