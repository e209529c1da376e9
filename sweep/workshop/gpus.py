"""Says which GPUs torch can really use, as a program of its own: the coordinator never imports torch.

Run as `python -m sweep.workshop.gpus`; the last line it prints is `{"n_usable": 1, "trouble": ""}`.
"""

import json
import sys


def usable_gpus() -> tuple[int, str]:
    """Compute something on each GPU: a driver too old, or a GPU torch has no code for, shows only then.

    Returns:
        How many work, counted from cuda:0 to the first that does not; and what is wrong, one line, or empty.
    """
    import torch

    if torch.version.cuda is None and torch.version.hip is None:
        return 0, f"torch {torch.__version__} is built without CUDA"
    n_usable = 0
    try:
        torch.ones(1, device="cuda")  # says what is wrong with the driver; device_count() only says 0
        for index in range(torch.cuda.device_count()):
            torch.ones(1, device=f"cuda:{index}").add_(1).item()
            n_usable = index + 1
    except (RuntimeError, AssertionError) as error:
        return n_usable, (str(error) or type(error).__name__).splitlines()[0]
    return n_usable, "" if n_usable else "torch sees no GPU"


def main() -> None:
    """Print the answer."""
    n_usable, trouble = usable_gpus()
    sys.stdout.write(json.dumps({"n_usable": n_usable, "trouble": trouble}) + "\n")


if __name__ == "__main__":
    main()
