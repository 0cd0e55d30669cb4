"""Carbon intensities of EcoLogits: known zones, unknown ones refused, no network."""

from __future__ import annotations

import pytest

from lib.errors import RefusedInput
from lib.sources import grids


def test_intensities_of_the_table() -> None:
    assert len(grids.intensities()) == 215
    found = [grids.intensity(zone) for zone in (grids.WORLD, "usa", " FRA ")]
    assert found == pytest.approx([0.458, 0.384, 0.041], abs=0.0005)
    assert all(0 <= value < 2 for value in grids.intensities().values())
    assert grids.source().startswith("EcoLogits 0.11") and "215 zones" in grids.source()


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(RefusedInput, match="no carbon intensity is known") as refused:
        grids.intensity("Atlantis")
    assert refused.value.place == "zone"
