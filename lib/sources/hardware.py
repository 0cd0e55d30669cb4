"""Accelerators with memory, bandwidth, dense peak rates, power and one default price: ``hardware.csv``."""

from __future__ import annotations

from lib.schema.records import Parsed
from lib.sources.contract import Candidate, Importer
from lib.sources.tables import Table, number, text

NUMBERS = (
    "memory_gb",
    "bandwidth_gb_s",
    "bf16_tflops_dense",
    "fp16_tflops_dense",
    "fp8_tflops_dense",
    "int8_tops_dense",
    "fp4_tflops_dense",
    "tdp_w",
    "link_gb_s_bidirectional",
    "usd_per_hour",
)
TEXTS = ("price_kind", "price_source", "price_date", "spec_source", "spec_checked", "notes")
TABLE = Table(text("id", required=True), text("name", required=True), *map(number, NUMBERS), *map(text, TEXTS))


def parse(candidate: Candidate) -> Parsed:
    """Rows of the table ``hardware``; an empty rate means that the maker publishes none."""
    return Parsed(tables={"hardware": TABLE.rows(candidate)})


SOURCE = Importer(
    name="hardware",
    version=1,
    describes="accelerators and machines (hardware.csv)",
    recognise=TABLE.matches,
    parse=parse,
)
