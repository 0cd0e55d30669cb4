"""Bare ``lm_eval run``, several times in one process: ``python -m tests.evals.bare '[["--model", ...], ...]'``.

The index of lm-eval's 13,000 tasks, which takes 6 s and which none of these calls names, is left empty.
"""

from __future__ import annotations

import json
import sys

from lm_eval.__main__ import cli_evaluate
from lm_eval.tasks._index import TaskIndex


def main() -> None:
    TaskIndex.build = staticmethod(lambda paths, **_: {})  # type: ignore[method-assign]
    for arguments in json.loads(sys.argv[1]):
        sys.argv = ["lm_eval", "run", *arguments]
        cli_evaluate()


if __name__ == "__main__":
    main()
