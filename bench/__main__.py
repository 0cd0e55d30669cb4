"""Print ratios, each against a floor measured in the same run.

``python -m bench`` runs everything, ``python -m bench refresh`` one section. The section serving measures no time: it
scores the estimates of serving.
"""

from __future__ import annotations

import argparse

from bench import child, evidence, first_chart, imports, jobs, paired, refresh, rerun, serving, table, team, viewers
from bench.report import Line, show

SECTIONS = (
    "import",
    "refresh",
    "rerun",
    "viewers",
    "team",
    "first",
    "table",
    "statistics",
    "paired",
    "scale",
    "serving",
    "jobs",
    "child",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"any of {', '.join(SECTIONS)}; none: all")
    parser.add_argument("--runs", type=int, default=10_000, help="runs in the made-up store, 100 results each")
    parser.add_argument("--times", type=int, default=10, help="how many times larger the store of the section scale is")
    parser.add_argument("--zips", type=int, default=None, help="import only so many of the shipped zips")
    parser.add_argument("--viewers", type=int, default=50, help="readers at once in the section viewers")
    parser.add_argument("--seconds", type=float, default=60, help="how long they stay")
    parser.add_argument("--markdown", action="store_true", help="print tables for docs/speed.md")
    given = parser.parse_args()
    unknown = set(given.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"unknown section {sorted(unknown)[0]}")
    for section in given.sections or SECTIONS:
        print(f"\n{section}")
        if section == "serving":
            serving.show(serving.measure(), as_markdown=given.markdown)
            continue
        show(_lines(section, given), as_markdown=given.markdown)


def _lines(section: str, given: argparse.Namespace) -> list[Line]:
    if section == "import":
        return imports.measure(given.zips)
    if section == "refresh":
        return refresh.measure(given.runs)
    if section == "rerun":
        return rerun.measure(given.runs)
    if section == "viewers":
        return viewers.measure(given.runs, given.viewers, given.seconds)
    if section == "team":
        return team.measure(given.runs, given.viewers, given.seconds)
    if section == "first":
        return first_chart.measure(given.runs)
    if section == "table":
        return table.measure()
    if section == "paired":
        return paired.measure()
    if section == "jobs":
        return jobs.measure()
    if section == "child":
        return child.measure()
    if section == "statistics":
        return evidence.measure()
    return rerun.compare(given.runs, given.runs * given.times)


if __name__ == "__main__":
    main()
