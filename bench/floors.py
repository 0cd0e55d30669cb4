"""The floor of a page: a page with nothing but its finished figures and tables, by the same server and reader."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson
from streamlit.proto.WidgetStates_pb2 import WidgetState

from bench.viewer import Seen, served, viewer

SERVING = "bench/floor_serve.py"
RERUNS = 15
WARM_UP = 2


class Floors(NamedTuple):
    """A server of floors: its address, and the folder with one file for each."""

    address: str
    folder: Path

    def add(self, name: str, last: Seen, *, tables: bool = True, n_texts: int = 0) -> None:
        """A floor with the figures of a page, its tables unless told otherwise, and ``n_texts`` short texts."""
        shown = {
            "n_texts": n_texts,
            "figures": [e.plotly_chart.spec for e in last.elements if e.WhichOneof("type") == "plotly_chart"],
            "tables": [
                base64.b64encode(e.dataframe.arrow_data.data).decode()
                for e in last.elements
                if tables and e.WhichOneof("type") == "dataframe" and e.dataframe.arrow_data.data
            ],
        }
        (self.folder / f"{name}.json").write_bytes(orjson.dumps(shown))

    def reruns(self, name: str, n: int = RERUNS) -> list[float]:
        """Seconds of ``n`` reruns, the first ones not counted."""
        with viewer(self.address, "", f"floor={name}") as reader:
            seen = reader.rerun()
            if seen.error:
                raise RuntimeError(f"the floor shows an error: {seen.error}")
            switch = next(e.checkbox for e in seen.elements if e.WhichOneof("type") == "checkbox")
            states = (WidgetState(id=switch.id, bool_value=number % 2 == 0) for number in range(WARM_UP + n))
            return [reader.rerun(state).seconds for state in states][WARM_UP:]


@contextmanager
def floors() -> Iterator[Floors]:
    """A server without floors; they are added while it runs."""
    with (
        tempfile.TemporaryDirectory(prefix="p4p-bench-") as folder,
        served(SERVING, {"P4P_BENCH_FLOORS": folder}) as address,
    ):
        yield Floors(address, Path(folder))
