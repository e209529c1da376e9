"""All chance from one number: seeds derived by hashing, so that no two purposes share a stream."""

import hashlib


def derived_seed(*parts: int | str) -> int:
    """Make a seed from a path of numbers and words.

    Args:
        parts: e.g. (sweep_seed, "trial", slot).

    Returns:
        A whole number in [0, 2**31), the same on every machine and Python version.
    """
    digest = hashlib.sha256("/".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") % 2**31
