"""Whether the Hugging Face hub can be asked at all, found out in seconds.

The hub's client retries an unreachable net for 23 s per file; users offline would wait that long in
every trial.
"""

from collections.abc import Sequence
from typing import cast
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from huggingface_hub import constants, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError
from safetensors import SafetensorError

from rccar_models.models.networks.weights import CONNECT_TIMEOUT_S

# Whichever HTTP client the hub's library uses (requests, httpx), its root error is a parent of this one.
DOWNLOAD_ERRORS: tuple[type[Exception], ...] = (
    *cast("tuple[type[Exception], ...]", HfHubHTTPError.__bases__),
    SafetensorError,
)


def ensure_reachable(repo_id: str, revision: str, *, files: Sequence[str]) -> None:
    """Raise at once if a download would hang.

    Args:
        repo_id: of the hub.
        revision: the full commit hash, so that cached files need no question to the hub.
        files: that are going to be asked for.

    Raises:
        OSError: a file is not in the local cache and the hub does not answer.
    """
    cached = (try_to_load_from_cache(repo_id, name, revision=revision) for name in files)
    if all(isinstance(path, str) for path in cached):
        return
    try:
        # urllib obeys the user's proxy settings, as the hub's client does.
        with urlopen(Request(constants.ENDPOINT, method="HEAD"), timeout=CONNECT_TIMEOUT_S):
            pass
    except HTTPError:
        return  # It answered, whatever it said.
