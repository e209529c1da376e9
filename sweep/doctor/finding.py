"""What a check of the home finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that should be otherwise.

    Args:
        rule: a word for it.
        where: sweep, model or file.
        text: what is wrong.
        is_fixable: whether `sweep doctor --fix` mends it.
    """

    rule: str
    where: str
    text: str
    is_fixable: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"
