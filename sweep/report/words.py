"""Numbers as a report shows them."""

from sweep.records import ParamValue


def score(value: float | None) -> str:
    """A score to four places; a dash where there is none."""
    return "–" if value is None else f"{value:.4f}"


def span(seconds: float) -> str:
    """A time span: "42 s", "3 min 20 s", "2 h 05 min"; tenths below ten seconds."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def parameter(value: ParamValue | None) -> str:
    """A parameter's value: floats with three significant digits; a dash where it has none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def number_of(n: int, one: str, many: str = "") -> str:
    """A number of things: "1 trial", "3 trials"."""
    return f"{n} {one}" if n == 1 else f"{n} {many or one + 's'}"


def listed(words: list[str], *, most: int = 5) -> str:
    """Words with commas and a last "and"; the rest as a number.

    Args:
        words: to list.
        most: words that are shown.

    Returns:
        E.g. `a, b and 3 more`.
    """
    shown = words[:most]
    if len(words) > most:
        return f"{', '.join(shown)} and {len(words) - most} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
