"""`dump`: the whole store as one zip of tables with a dictionary of their columns."""

from __future__ import annotations

import argparse
import uuid

from lib import formats
from lib.cli_output import put, put_json, say
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.store.dump import known_format, write_dump


def dump(options: argparse.Namespace, settings: Settings) -> int:
    """`dump FILE.zip [--format parquet|csv] [--json]`. The file is there whole or not at all."""
    format = known_format(options.format, place="--format")
    path = options.file
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise RefusedInput("cannot write there", place="PATH", expected="a file in a folder that exists", found=path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    store = operators_store(settings)
    say(f"writing {path.name} ...")
    try:
        with temporary.open("xb") as file:
            written = write_dump(store, file, format)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
        store.close()
    n_bytes = path.stat().st_size
    if options.json:
        put_json({"file": str(path), "n_bytes": n_bytes, **written._asdict()})
    else:
        rows = formats.count(sum(written.n_rows.values()))
        put(f"{path}: {len(written.n_rows)} tables, {rows} rows, {n_bytes / 1e6:.1f} MB, digest {written.digest[:12]}")
    return 0
