"""Groups of tasks in lm-eval files: which rows are groups, of what, and what their error really is.

The printed value of a group is kept. Its error is recomputed from the leaves, because releases before 0.4.2
print a wrong one and later ones print that of the size-weighted mean also where the mean is unweighted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from lib.schema.records import Result
from lib.sources.lm_eval_rows import MAX_NAME, Warnings
from lib.stats.recovered import macro_stderr, pooled_stderr, weighted_mean, weighted_stderr, which_mean


class Whole(NamedTuple):
    """A benchmark that some generations print only as parts: its name, the prefixes of the parts, the parts."""

    task: str
    prefixes: tuple[str, ...]
    parts: tuple[str, ...]


_MMLU_PARTS = """
    abstract_algebra anatomy astronomy business_ethics clinical_knowledge college_biology college_chemistry
    college_computer_science college_mathematics college_medicine college_physics computer_security
    conceptual_physics econometrics electrical_engineering elementary_mathematics formal_logic global_facts
    high_school_biology high_school_chemistry high_school_computer_science high_school_european_history
    high_school_geography high_school_government_and_politics high_school_macroeconomics
    high_school_mathematics high_school_microeconomics high_school_physics high_school_psychology
    high_school_statistics high_school_us_history high_school_world_history human_aging human_sexuality
    international_law jurisprudence logical_fallacies machine_learning management marketing medical_genetics
    miscellaneous moral_disputes moral_scenarios nutrition philosophy prehistory professional_accounting
    professional_law professional_medicine professional_psychology public_relations security_studies sociology
    us_foreign_policy virology world_religions
"""
MMLU = Whole(
    "mmlu",
    ("hendrycksTest-", "mmlu_"),
    tuple(sorted(_MMLU_PARTS.split())),
)
WHOLES = (MMLU,)


def trimmed(task: str) -> str:
    """A task's key without the indent that 0.4 development versions put in front (``"  - formal_logic"``)."""
    if task[:1] not in " -" and task[-1:] != " ":
        return task
    bare = task.strip()
    return bare[2:].strip() if bare.startswith("- ") else bare


def children_of(document: dict[str, Any]) -> dict[str, list[str]]:
    """Group to its direct children, both as trimmed keys; groups that the file knows without children map to [].

    From ``group_subtasks`` (0.4.2 on), else from the indent of aliases or keys, else from the tasks' definitions.
    """
    subtasks = document.get("group_subtasks")
    tree: dict[str, list[str]] = {}
    if isinstance(subtasks, dict):
        for group, below in subtasks.items():
            if isinstance(below, list) and below:
                tree[trimmed(group)] = [trimmed(child) for child in below if isinstance(child, str)]
    else:
        results = document.get("results")
        rows = {trimmed(key) for key in results} if isinstance(results, dict) else set()
        tree = _by_indent(results) or _by_definition(document.get("configs"))
        # Here a group may be no more than a label; only one with a row of its own is a whole.
        tree = {group: below for group, below in tree.items() if group in rows}
    groups = document.get("groups")
    if isinstance(groups, dict):
        for group in groups:
            tree.setdefault(trimmed(group), [])
    return tree


def parents_of(tree: dict[str, list[str]]) -> dict[str, str]:
    """Task to the first group that lists it."""
    parents: dict[str, str] = {}
    for group, below in tree.items():
        for child in below:
            if child != group:
                parents.setdefault(child, group)
    return parents


def leaves_of(group: str, tree: dict[str, list[str]]) -> list[str]:
    """Tasks below a group that are not groups themselves, each once, in the file's order. Safe against cycles."""
    leaves: dict[str, None] = {}
    seen: set[str] = set()
    waiting = [group]
    while waiting:
        task = waiting.pop()
        if task in seen:
            continue
        seen.add(task)
        below = tree.get(task)
        if below:
            waiting.extend(reversed(below))
        elif task != group:
            leaves[task] = None
    return list(leaves)


def repair_groups(
    cells: dict[str, list[Result]], tree: dict[str, list[str]], *, are_errors_reliable: bool, warnings: Warnings
) -> None:
    """Mark the group rows and put their errors right, in place.

    Args:
        cells: Task (trimmed) to its results.
        tree: Of ``children_of``.
        are_errors_reliable: Whether printed group errors may be kept where the leaves cannot be used.
        warnings: Receives groups whose value is no mean of their leaves.
    """
    parents = parents_of(tree)
    for task, results in cells.items():
        parent = parents.get(task)
        for result in results:
            result.group = parent
    for group in tree:
        if group not in cells:
            continue
        below: dict[tuple[str, str], list[Result]] = {}
        leaves = leaves_of(group, tree)
        for leaf in leaves:
            for result in cells.get(leaf, ()):
                below.setdefault((result.metric, result.filter), []).append(result)
        n_shot = _agreed(result.n_shot for results in below.values() for result in results)
        for result in cells[group]:
            result.is_group = True
            result.task_hash = None
            if below:
                result.n_shot = n_shot
            _repair(result, below.get((result.metric, result.filter), []), are_errors_reliable, warnings)


def _repair(group: Result, leaves: list[Result], are_errors_reliable: bool, warnings: Warnings) -> None:
    if group.score is None:
        return
    scored = [leaf for leaf in leaves if leaf.score is not None]
    sizes = _sizes(scored)
    scores = [leaf.score for leaf in scored if leaf.score is not None]
    # Where all sub-tasks score the same and no size is known, the value does not say which mean it is.
    is_told = sizes is not None or len(set(scores)) > 1
    mean = which_mean(group.score, scores, sizes) if is_told else None
    flags = [f for f in group.flags if f not in ("n-recovered", "n-disagrees")]
    group.n_samples = group.n_correct = group.stderr = None
    group.stderr_rule = "none"
    if mean is None:
        if not are_errors_reliable and group.stderr_published:
            flags.append("stderr-wrong")
        elif group.stderr_published:
            group.stderr, group.stderr_rule = group.stderr_published, "published"
        if leaves and is_told:
            warnings.add(f"results.{group.task[:100]}: {group.metric[:100]} is no mean of its sub-tasks; value kept.")
        group.flags = tuple(flags)
        return
    group.n_samples = sum(sizes) if sizes else None
    stderrs = [_error(leaf) for leaf in scored]
    known = [se for se in stderrs if se is not None]
    if len(known) == len(stderrs):
        if mean == "weighted" and sizes:
            group.stderr = weighted_stderr(known, sizes) or None
            _sum_counts(group, scored)
        else:
            group.stderr = macro_stderr(known) or None
        group.stderr_rule = "leaves" if group.stderr else "none"
    if mean == "unweighted":
        flags.append("unweighted")
    if _is_wrong(group, mean, known if len(known) == len(stderrs) else None, sizes):
        flags.append("stderr-wrong")
    elif group.stderr is None and group.stderr_published and are_errors_reliable and mean == "weighted":
        group.stderr, group.stderr_rule = group.stderr_published, "published"
    group.flags = tuple(flags)


def derive_wholes(cells: dict[str, list[Result]]) -> list[Result]:
    """Rows for benchmarks of which all parts are there but no row for the whole: size-weighted means.

    Also names the whole as the parent of its parts. A metric is derived only if every part has a score and a
    number of questions, and all parts agree in number of shots and version (else that field is None).
    """
    derived = []
    for whole in WHOLES:
        for prefix in whole.prefixes:
            if whole.task in cells or not all(prefix + part in cells for part in whole.parts):
                continue
            names = [prefix + part for part in whole.parts]
            by_metric: dict[tuple[str, str], list[Result]] = {}
            for name in names:
                for result in cells[name]:
                    by_metric.setdefault((result.metric, result.filter), []).append(result)
            for first in cells[names[0]]:
                row = _derive(whole.task, by_metric[first.metric, first.filter], len(names))
                if row is not None:
                    derived.append(row)
            if derived:
                for name in names:
                    for result in cells[name]:
                        result.group = result.group or whole.task
    return derived


def _derive(task: str, parts: list[Result], n_parts: int) -> Result | None:
    sizes = _sizes(parts)
    if len(parts) != n_parts or sizes is None or any(part.score is None for part in parts):
        return None
    errors = [se for se in map(_error, parts) if se is not None]
    stderr = (weighted_stderr(errors, sizes) or None) if len(errors) == len(parts) else None
    row = Result(
        task,
        parts[0].metric,
        parts[0].filter,
        score=weighted_mean([part.score for part in parts if part.score is not None], sizes),
        stderr=stderr,
        stderr_rule="leaves" if stderr else "none",
        n_samples=sum(sizes),
        n_shot=_agreed(part.n_shot for part in parts),
        task_version=_agreed(part.task_version for part in parts),
        higher_is_better=parts[0].higher_is_better,
        is_group=True,
        flags=("derived", "n-recovered") if any("n-recovered" in part.flags for part in parts) else ("derived",),
    )
    _sum_counts(row, parts)
    return row


def _agreed(values: Iterable[Any]) -> Any:
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _sizes(leaves: list[Result]) -> list[int] | None:
    sizes = [leaf.n_samples for leaf in leaves if leaf.n_samples]
    return sizes if leaves and len(sizes) == len(leaves) else None


def _error(leaf: Result) -> float | None:
    """A leaf's share in a group's error: 0 where all its answers are right or wrong, None where it is unknown."""
    if leaf.stderr is None and leaf.n_correct is not None and leaf.n_correct in (0, leaf.n_samples):
        return 0.0
    return leaf.stderr


def _sum_counts(group: Result, leaves: list[Result]) -> None:
    counts = [leaf.n_correct for leaf in leaves if leaf.n_correct is not None]
    if len(counts) == len(leaves):
        group.n_correct = sum(counts)


def _is_wrong(group: Result, mean: str, stderrs: list[float] | None, sizes: list[int] | None) -> bool:
    """Whether a printed group error is neither ours nor (for a weighted mean) lm-eval's pooled one, within 1%."""
    printed = group.stderr_published
    if not printed or group.stderr is None:
        return False
    right = [group.stderr]
    if mean == "weighted" and stderrs is not None and sizes:
        right.append(pooled_stderr(stderrs, sizes) or group.stderr)
    return all(abs(printed - value) > 0.01 * value for value in right)


def _by_indent(results: Any) -> dict[str, list[str]]:
    """Tree from leading spaces of ``alias`` (0.4.0, 0.4.1) or of the keys (0.4 development), in the file's order."""
    tree: dict[str, list[str]] = {}
    above: list[tuple[int, str]] = []
    for key, row in results.items() if isinstance(results, dict) else ():
        alias = row.get("alias") if isinstance(row, dict) else None
        shown = key if key[:1] == " " or not isinstance(alias, str) else alias
        depth = len(shown) - len(shown.lstrip())
        task = trimmed(key)[:MAX_NAME]
        while above and above[-1][0] >= depth:
            above.pop()
        if above and depth:
            tree.setdefault(above[-1][1], []).append(task)
        above.append((depth, task))
    return tree


def _by_definition(configs: Any) -> dict[str, list[str]]:
    """Tree from ``configs[task].group``, a name or a list of names (0.4 development)."""
    tree: dict[str, list[str]] = {}
    for task, definition in configs.items() if isinstance(configs, dict) else ():
        groups = definition.get("group") if isinstance(definition, dict) else None
        for group in groups if isinstance(groups, list) else [groups]:
            if isinstance(group, str) and group != task:
                tree.setdefault(trimmed(group), []).append(trimmed(task))
    return tree
