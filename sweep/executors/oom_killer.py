"""Whether the system's OOM killer has ended a process: told from a count that only it raises."""

import re
from pathlib import Path

# Of all processes that this kernel killed for want of memory, those of containers too (Linux 4.13 and later).
VMSTAT = Path("/proc/vmstat")
_COUNT = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


class OomKiller:
    """Watches the OOM killer's count from now on.

    Args:
        vmstat: file with a line `oom_kill N`.
    """

    def __init__(self, vmstat: Path = VMSTAT) -> None:
        self._vmstat = vmstat
        self._before = self._count()

    def has_struck(self) -> bool:
        """Say whether it has killed a process of this machine since it was last asked.

        Returns:
            False also where the system keeps no count.
        """
        before, self._before = self._before, self._count()
        return self._before > before

    def _count(self) -> int:
        try:
            found = _COUNT.search(self._vmstat.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0
        return int(found[1]) if found else 0
