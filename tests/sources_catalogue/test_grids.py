"""Carbon intensities of EcoLogits: known zones, unknown ones refused, no network."""

from __future__ import annotations

import pytest

from lib.errors import RefusedInput
from lib.sources import grids
from lib.sources.zone_names import ZONE_NAMES


def test_intensities_of_the_table() -> None:
    assert len(grids.intensities()) == 214
    found = [grids.intensity(zone) for zone in (grids.WORLD, "usa", " FRA ")]
    assert found == pytest.approx([0.458, 0.384, 0.041], abs=0.0005)
    assert all(0 < value < 2 for value in grids.intensities().values())
    assert grids.source().startswith("EcoLogits 0.11") and "214 zones" in grids.source()


def test_a_life_cycle_of_nothing_is_unknown() -> None:
    assert "CAF" not in grids.zones()
    with pytest.raises(RefusedInput, match="no carbon intensity is known"):
        grids.intensity("CAF")


def test_every_zone_has_a_name_of_its_own_and_the_world_is_first() -> None:
    zones = grids.zones()
    assert set(zones) == set(grids.intensities()) <= set(ZONE_NAMES)
    assert len(set(zones.values())) == len(zones) and all(len(name) > 3 for name in zones.values())
    names = list(zones.values())
    assert names[0] == "World" and names[1:] == sorted(names[1:], key=str.casefold)
    assert [zones[one] for one in ("FRA", "CHE", "CHN", "AUT", "AUS")] == ["France", "Switzerland", "China", "Austria", "Australia"]  # fmt: skip


def test_an_own_number_goes_before_the_zone_and_is_marked() -> None:
    told = grids.grid("fra")
    assert told.zone == "FRA" and told.kg_co2e_per_kwh == grids.intensity("FRA")
    assert "0.0414 kg CO2e per kWh: France (EcoLogits" in told.words and "own" not in told.words
    own = grids.grid("FRA", 0.0)
    assert own == ("", 0.0, "0 kg CO2e per kWh, your own number")
    assert grids.grid("").kg_co2e_per_kwh is None


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(RefusedInput, match="no carbon intensity is known") as refused:
        grids.intensity("Atlantis")
    assert refused.value.place == "zone"
