"""Run a command and write its peak memory (KiB) to a file: ``python -S measured.py FILE COMMAND...``.

Linux counts what the starting process held into the peak of the started one (``ru_maxrss`` survives ``execve``), and a
test worker late in the suite holds more than an import does. Only a small process can measure another.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    into, *command = sys.argv[1:]
    pid = os.spawnvp(os.P_NOWAIT, command[0], command)
    _, status, usage = os.wait4(pid, 0)
    Path(into).write_text(str(usage.ru_maxrss))
    sys.exit(os.waitstatus_to_exitcode(status))
