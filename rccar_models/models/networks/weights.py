"""Where a network's first weights come from: chance, a library's download, or a file.

A download that fails is no error: training starts from scratch and the user is told once. A file that
fails is an error: the user asked for exactly that file. Files are never unpickled.
"""

import contextlib
import socket
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path

from torch import nn

from rccar_models.models.definition import BuiltModel
from rccar_models.models.networks.state_dicts import UNREADABLE, StateDict, adopt, read_state_dict

# Offline must not cost minutes: a connection that does not answer in this time is none.
CONNECT_TIMEOUT_S = 5.0
# What a download can raise, from the socket to a file that was cut short and is read all the same.
NO_DOWNLOAD = (*UNREADABLE, HTTPException)


def from_file_or_scratch(network: nn.Module, weights: str) -> BuiltModel:
    """Start a network for which no pretrained weights exist.

    Args:
        network: freshly made; changed in place.
        weights: "default", "none" or a file.

    Returns:
        The network; "default" means from scratch here, which is no cause for a warning.

    Raises:
        WeightsError: the file cannot be read or does not fit.
    """
    if weights in {"default", "none"}:
        return BuiltModel(network=network, weights="scratch")
    return from_file(network, Path(weights))


def pretrained(
    network: nn.Module, weights: str, *, name: str, download: Callable[[], StateDict]
) -> BuiltModel:
    """Start a network as the user wishes.

    Args:
        network: freshly made; changed in place.
        weights: "default", "none" or a file.
        name: of the library's weights, as reported.
        download: gets the library's weights, from its cache or from the net.

    Returns:
        The network; with a note if it starts from scratch because the download failed.

    Raises:
        WeightsError: the file cannot be read or does not fit.
    """
    if weights != "default":
        return from_file_or_scratch(network, weights)
    try:
        with impatient():
            state = download()
    except NO_DOWNLOAD as error:
        return BuiltModel(network=network, weights="scratch", note=offline_note(name, error))
    adopt(network, state, source=name)
    return BuiltModel(network=network, weights=name)


def offline_note(name: str, error: BaseException) -> str:
    """Say that pretrained weights could not be had.

    Args:
        name: of the weights.
        error: what the download raised.

    Returns:
        One line: what, why, what is done instead, how to mend it.
    """
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return (
        f"pretrained weights {name} could not be downloaded ({reason}); training starts from scratch. "
        "Connect to the network, or give --weights FILE, or --weights none to silence this"
    )


@contextlib.contextmanager
def impatient() -> Iterator[None]:
    """Give up on silent connections soon, and keep the library's chatter off stdout, made for results.

    Yields:
        Nothing.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(CONNECT_TIMEOUT_S)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        socket.setdefaulttimeout(before)


def from_file(network: nn.Module, file: Path) -> BuiltModel:
    """Start a network from a state_dict on disk.

    Args:
        network: freshly made; changed in place.
        file: written by `torch.save(network.state_dict(), file)`, of this network or of the library's one.

    Returns:
        The network, with a note if only a part of it was in the file.

    Raises:
        WeightsError: the file cannot be read without unpickling, or nothing in it fits.
    """
    note = adopt(network, read_state_dict(file), source=str(file))
    return BuiltModel(network=network, weights=str(file), note=note)
