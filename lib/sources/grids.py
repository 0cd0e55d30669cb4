"""Carbon intensity of electricity by country: the table of the EcoLogits package, read from its files, no network.

Counts the life cycle: power stations and fuel, not only what is burnt. Tables that count otherwise give other numbers
for the same country; within a comparison only this one is used.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import NamedTuple

from lib.errors import RefusedInput, Unavailable
from lib.sources.zone_names import ZONE_NAMES

WORLD = "WOR"


class Grid(NamedTuple):
    """Where electricity is from.

    Args:
        zone: Three letters; '' where the number is the reader's own, or nothing is known.
        kg_co2e_per_kwh: None: unknown.
        words: The number with its source, for a caption.
    """

    zone: str
    kg_co2e_per_kwh: float | None
    words: str


@cache
def intensities() -> dict[str, float]:
    """Kilograms of CO2e per kWh by zone (three letters, ISO 3166; ``WOR`` the world), by zone.

    A zone with 0 is left out: the life cycle of no power station is 0, so nothing is known of it.

    Raises:
        Unavailable: Without the package.
    """
    try:
        from ecologits.electricity_mix_repository import electricity_mixes
    except ImportError as missing:
        raise Unavailable("the table of carbon intensities is not installed", remedy="Install ecologits.") from missing
    mixes = sorted(electricity_mixes.list_electricity_mixes(), key=lambda m: m.zone)
    return {mix.zone: float(mix.gwp) for mix in mixes if float(mix.gwp) > 0}


def zones() -> dict[str, str]:
    """Zones to choose from, zone to name: the world first, then by name. Nothing without the package."""
    try:
        known = intensities()
    except Unavailable:
        return {}
    named = {zone: ZONE_NAMES.get(zone, zone) for zone in known}
    return dict(sorted(named.items(), key=lambda item: (item[0] != WORLD, item[1].casefold())))


def default() -> str:
    """The zone that is counted with where none was chosen: the world; '' without the package."""
    return WORLD if zones() else ""


def intensity(zone: str) -> float:
    """Kilograms of CO2e per kWh of one zone; letters' case does not matter.

    Raises:
        RefusedInput: Place ``zone``: not in the table.
    """
    found = intensities().get(zone.strip().upper())
    if found is None:
        raise RefusedInput("no carbon intensity is known", place="zone", expected="a country in three letters (USA, FRA), or WOR", found=zone)  # fmt: skip
    return found


def grid(zone: str, own: float | None = None) -> Grid:
    """What is counted with: the reader's own number if there is one, else that of the zone.

    Args:
        zone: Three letters; '': none was chosen.
        own: Kilograms of CO2e per kWh.

    Raises:
        RefusedInput: As :func:`intensity`.
        Unavailable: As :func:`intensities`.
    """
    if own is not None:
        return Grid("", own, f"{own:.3g} kg CO2e per kWh, your own number")
    if not zone:
        return Grid("", None, "carbon intensity unknown")
    found, key = intensity(zone), zone.strip().upper()
    return Grid(key, found, f"{found:.3g} kg CO2e per kWh: {ZONE_NAMES.get(key, key)} ({source()})")


def source() -> str:
    """The table in words, with its release."""
    return f"EcoLogits {version('ecologits')}, life cycle, {len(intensities())} zones"
