"""Seeds of samplers and trials: functions of the sweep's seed and the slot, and of nothing else.

So 25 trials and a resume to 50 draw what 50 at once draw, whatever crashed in between.
"""

import hashlib


def slot_seed(sweep_seed: int, purpose: str, slot: int) -> int:
    """Derive a seed by hashing, so that no two purposes or slots share a stream.

    Args:
        sweep_seed: `--seed`.
        purpose: "sampler" or "trial".
        slot: 0..N-1.

    Returns:
        A whole number in [0, 2**31), the same on every machine and Python version.
    """
    digest = hashlib.sha256(f"{sweep_seed}/{purpose}/{slot}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 2**31
