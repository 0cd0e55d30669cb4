"""One file on its way into the store: recognised, read, its runs named and identified, its logs on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import pyarrow as pa

from lib.errors import RefusedInput
from lib.schema.records import Parsed, Run
from lib.sources import registry
from lib.sources.archives import Member
from lib.sources.contract import Candidate
from lib.sources.identity import run_digest
from lib.sources.lm_eval_samples import results_from_rows
from lib.sources.naming import Naming
from lib.store.db import Store
from lib.store.samples import SampleFile, keep_samples
from lib.store.write import PreparedFile, PreparedRun

ATTACH = "attach_to"


@dataclass(frozen=True)
class Meta:
    """What is known about a source beside its bytes: shown with every number that comes from it."""

    title: str | None = None
    url: str | None = None
    licence: str | None = None
    published_on: str | None = None


class Preparer:
    """Prepares files for one import, or for a look at what an import would do.

    Args:
        keep: What is done with each log; a look keeps none.
    """

    def __init__(
        self, store: Store, shipped: bool, meta: Meta, *, keep: Callable[[Store, pa.Table], SampleFile] = keep_samples
    ) -> None:
        self._keep = keep
        self.naming = Naming(store)
        self._store = store
        self.is_shipped = shipped
        self._meta = meta
        self._attached: dict[int, int] = {}
        self._last: tuple[str, Run | None] = ("", None)

    def prepare(self, raw_digest: str, member: Member) -> tuple[PreparedFile, list[str]]:
        """The file ready to be written, and what is to be said about it.

        Raises:
            RefusedInput: If no importer takes it, or the one that knows it finds it wrong.
        """
        candidate = Candidate(member.name, member.content, member.neighbours)
        importer = registry.importer_for(candidate)
        parsed = importer.parse(candidate)
        warnings = list(parsed.warnings)
        file = PreparedFile(
            raw_digest=raw_digest,
            member=member.path,
            name=member.name,
            digest=candidate.digest,
            n_bytes=len(member.content),
            importer=importer.name,
            importer_version=importer.version,
            parsed=Parsed(tables=parsed.tables, warnings=warnings),
            title=self._meta.title,
            url=self._meta.url,
            licence=self._meta.licence,
            published_on=self._meta.published_on,
            is_shipped=self.is_shipped,
        )
        runs: dict[str, PreparedRun] = {}
        for run in parsed.runs:
            prepared = self._prepared_run(run, candidate, file)
            if prepared.digest in runs:
                warnings.append(f"the same run twice in the file: {run.spellings[0][:100]}")
            runs.setdefault(prepared.digest, prepared)
        file.runs = list(runs.values())
        return file, warnings

    def n_attached(self, file: PreparedFile) -> int:
        """Results that a samples file brings along only to say whose samples they are; asked once a file."""
        return self._attached.pop(id(file), 0)

    def _prepared_run(self, run: Run, candidate: Candidate, file: PreparedFile) -> PreparedRun:
        files = {samples.task: self._keep(self._store, samples.table) for samples in run.samples}
        target = run.config.pop(ATTACH, None)
        if isinstance(target, str):
            scored = self._scored_run(candidate, target)
            if scored is not None:
                # What it took came with the results file, which is the source of that.
                run = replace(scored, measured={})
                self._attached[id(file)] = self._attached.get(id(file), 0) + len(run.results)
            else:
                run.results = [result for samples in run.samples for result in results_from_rows(samples)]
        # The identity comes before the name: what a catalogue says later must not make another run of it.
        digest = run_digest(run)
        scope = candidate.container or (run.evaluator.removeprefix("board:") if run.kind == "board" else "")
        named = self.naming.name(run, scope)
        run = replace(run, quantisation=run.quantisation or named.quantisation, samples=[])
        return PreparedRun(run=run, model_id=named.model_id, scope=scope, digest=digest, sample_files=files)

    def _scored_run(self, candidate: Candidate, digest: str) -> Run | None:
        """The run of the results file beside a samples file, read from these very bytes; None if they are refused.

        The samples are stored under the identity of that run, so it does not matter which of the two files comes
        first, or whether they come in one import.
        """
        if self._last[0] != digest:
            self._last = (digest, self._read_neighbour(candidate, digest))
        return self._last[1]

    def _read_neighbour(self, candidate: Candidate, digest: str) -> Run | None:
        folder = candidate.name.rpartition("/")[0]
        for name in candidate.neighbours:
            content = candidate.neighbours.get(name)
            if content is None or hashlib.sha256(content).hexdigest() != digest:
                continue
            beside = Candidate(f"{folder}/{name}" if folder else name, content)
            try:
                runs = registry.importer_for(beside).parse(beside).runs
            except RefusedInput:
                return None
            return runs[0] if len(runs) == 1 and runs[0].results else None
        return None
