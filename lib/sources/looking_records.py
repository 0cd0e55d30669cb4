"""What is said of one file, run, model and benchmark of a drop."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

FileState = Literal["new", "known", "withdrawn", "refused", "passed over"]
ModelState = Literal["catalogue", "community", "new", "waits"]

MODEL_STATES = {
    "catalogue": "a model of the catalogue",
    "community": "a model that earlier files brought along",
    "new": "a name of the Hub that nobody has described: it would become a community model",
    "waits": "a name that means no known model: its results wait until somebody says which",
}


@dataclass
class Missing:
    """Something that a comparison or a chart would need and that is not known.

    Args:
        what: In words: "training tokens".
        field: Of the model (``set_fact``), or '' for what only the file could have said.
        share: Of the run's results that miss it, 0 to 1; 1 for what concerns the model or the whole run.
        consequence: What follows from it.
    """

    what: str
    field: str = ""
    share: float = 1.0
    consequence: str = ""


@dataclass
class ModelLook:
    """What a run's name means.

    Args:
        spelling: As the file writes it.
        model_id: What it means, or would become; None when it waits.
        name: Of the model, for people.
        state: Key of ``MODEL_STATES``.
        how: The rule that decided: "Hub id", "alias, case ignored"; why not, for a name that waits.
        similar: Ids of known models with nearly this name, for one that waits or is new.
    """

    spelling: str
    model_id: str | None
    name: str
    state: ModelState
    how: str
    similar: list[str] = field(default_factory=list)


@dataclass
class BenchmarkLook:
    """The results of a run on one benchmark.

    Args:
        benchmark: Id; ``label`` for people.
        is_known: False where neither catalogue nor store has it.
        part_of: The benchmark of which this is a subject or language, or ''.
        n_results: Scores; ``metrics`` in order of appearance.
        n_questions: Of the headline score; None when not stated. ``n_items``: of the whole benchmark.
        n_shot: Numbers of examples in the prompt that occur; None among them for not stated.
        n_samples: Answers in the logs.
    """

    benchmark: str
    label: str
    is_known: bool
    part_of: str = ""
    n_results: int = 0
    metrics: list[str] = field(default_factory=list)
    n_questions: int | None = None
    n_items: int | None = None
    n_shot: list[int | None] = field(default_factory=list)
    n_samples: int = 0


@dataclass
class RunLook:
    """One run of a drop.

    Args:
        number: From 0, over all files of the look; ``digest``: its identity, 64 hexadecimal digits.
        also_in: Where the same run is already: a source of the store, or an earlier file of this drop; '' for nowhere.
        is_log: A per-question log: its scores came with the results file beside it (``also_in``).
        protocol: Field of the run to value, as far as stated.
        repaired: What was put right: sentence to number of results. ``noted``: what was found and left as it is.
    """

    number: int
    digest: str
    model: ModelLook
    also_in: str = ""
    is_log: bool = False
    protocol: dict[str, str] = field(default_factory=dict)
    benchmarks: list[BenchmarkLook] = field(default_factory=list)
    n_results: int = 0
    n_samples: int = 0
    missing: list[Missing] = field(default_factory=list)
    repaired: dict[str, int] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)


@dataclass
class FileLook:
    """One file of a drop.

    Args:
        name: As given; a member of a zip is ``a.zip!/member``.
        state: new; known (these bytes are in the store); withdrawn (they are, and stay out of every view until they
            are restored); refused (``reason`` says why); passed over (a licence or another companion).
        describes: What kind of file it is, for people.
        before: Name of the stored source with the same bytes, and ``before_on`` the day of its import or withdrawal.
        tables: Rows for catalogue tables, by table.
        warnings: What the importer skipped or put right, a sentence each.
    """

    name: str
    state: FileState
    n_bytes: int = 0
    importer: str = ""
    importer_version: int = 0
    describes: str = ""
    reason: str = ""
    before: str = ""
    before_on: str = ""
    runs: list[RunLook] = field(default_factory=list)
    tables: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def as_json(file: FileLook) -> dict[str, Any]:
    """The file with its runs as plain values."""
    return asdict(file)
