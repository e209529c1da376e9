"""The disk below the home: room on it, what kind of file system it is, and who may read what is written.

A full disk is found where it hurts: in the middle of a night. So room is asked for before anything starts,
and what fails for want of it says how much is missing.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from sweep.errors import UnavailableError

# Two databases with their logs, a spool and some checkpoints of small models; frames are counted apart.
NEEDED_BYTES = 32 * 2**20
PRIVATE_UMASK = 0o077
# Locks of these are taken from afar, late or not at all, and SQLite's WAL mode needs memory that is shared.
NETWORK_SYSTEMS = {
    *("nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "9p", "afs", "ceph", "gfs2"),
    *(
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.s3fs",
        "glusterfs",
        "lustre",
        "beegfs",
        "gpfs",
        "ocfs2",
        "webdav",
    ),
}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Mount(NamedTuple):
    """A mounted file system.

    Args:
        mountpoint: absolute folder.
        fstype: of the system, as it calls itself.
    """

    mountpoint: str
    fstype: str


@contextmanager
def private_files() -> Iterator[None]:
    """Make every file and folder that this process and its children create readable to their owner alone.

    Yields:
        Nothing; the former mask comes back at the end.
    """
    former = os.umask(PRIVATE_UMASK)
    try:
        yield
    finally:
        os.umask(former)


def check_place(folder: Path, *, needed_bytes: int = NEEDED_BYTES) -> None:
    """Refuse a folder in which nothing can be written, or that has too little room.

    Args:
        folder: everything will lie below it; it need not exist yet.
        needed_bytes: that have to be free.

    Raises:
        UnavailableError: it is read-only, no folder, or full.
    """
    place = next(one for one in (folder, *folder.parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            free = shutil.disk_usage(place).free
    except OSError as error:
        raise UnavailableError(
            f"the home {folder} cannot be written: {error}; nothing was started. Choose another with --home"
        ) from error
    if free < needed_bytes:
        raise UnavailableError(
            f"the disk of {folder} is nearly full: {_mib(free)} are free, {_mib(needed_bytes)} are needed, "
            f"{_mib(needed_bytes - free)} are missing; nothing was started. Free some, or choose another "
            "with --home"
        )


def network_system(folder: Path, mounts: list[Mount] | None = None) -> str:
    """Name the network file system that a folder lies on.

    Args:
        folder: absolute; need not exist.
        mounts: of this machine; None to ask the system.

    Returns:
        E.g. "nfs4"; empty for a disk of this machine, and where it is not known.
    """
    if mounts is None:
        mounts = [Mount(one.mountpoint, one.fstype) for one in psutil.disk_partitions(all=True)]
    above = [mount for mount in mounts if folder.is_relative_to(mount.mountpoint)]
    if not above:
        return ""
    # Of two at one place the later covers the earlier.
    deepest = max(reversed(above), key=lambda mount: len(Path(mount.mountpoint).parts))
    return deepest.fstype if deepest.fstype.lower() in NETWORK_SYSTEMS else ""


@contextmanager
def full_disk_explained(folder: Path, *, needed_bytes: int = NEEDED_BYTES) -> Iterator[None]:
    """Say of what fails for want of room how much is missing, and that all that was written is kept.

    Args:
        folder: below which it is written.
        needed_bytes: that should be free before it is tried again.

    Yields:
        Nothing.

    Raises:
        UnavailableError: the disk is full.
    """
    try:
        yield
    except (UnavailableError, OSError) as error:
        if not _is_full(error):
            raise
        free = shutil.disk_usage(folder).free
        raise UnavailableError(
            f"{error}. The disk of {folder} is full: {_mib(free)} are free; everything so far is kept. Free "
            f"{_mib(max(needed_bytes - free, 2**20))} more, then go on with: sweep resume NAME"
        ) from error


def _is_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        if "disk is full" in str(error):  # SQLite's word, whoever passes it on
            return True
        error = error.__cause__
    return False


def _mib(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:.1f} MiB"
