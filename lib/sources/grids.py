"""Carbon intensity of electricity by country: the table of the EcoLogits package, read from its files, no network.

Counts the life cycle: power stations and fuel, not only what is burnt. Tables that count otherwise give other numbers
for the same country; within a comparison only this one is used.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

from lib.errors import RefusedInput, Unavailable

WORLD = "WOR"


@cache
def intensities() -> dict[str, float]:
    """Kilograms of CO2e per kWh by zone (three letters, ISO 3166; ``WOR`` the world), by zone.

    Raises:
        Unavailable: Without the package.
    """
    try:
        from ecologits.electricity_mix_repository import electricity_mixes
    except ImportError as missing:
        raise Unavailable("the table of carbon intensities is not installed", remedy="Install ecologits.") from missing
    return {
        mix.zone: float(mix.gwp) for mix in sorted(electricity_mixes.list_electricity_mixes(), key=lambda m: m.zone)
    }


def intensity(zone: str) -> float:
    """Kilograms of CO2e per kWh of one zone; letters' case does not matter.

    Raises:
        RefusedInput: Place ``zone``: not in the table.
    """
    found = intensities().get(zone.strip().upper())
    if found is None:
        raise RefusedInput("no carbon intensity is known", place="zone", expected="a country in three letters (USA, FRA), or WOR", found=zone)  # fmt: skip
    return found


def source() -> str:
    """The table in words, with its release."""
    return f"EcoLogits {version('ecologits')}, life cycle, {len(intensities())} zones"
