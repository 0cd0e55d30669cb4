"""What a task took of the machine: memory, memory of the device, energy. What cannot be measured is None."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

POWERCAP = Path("/sys/class/powercap")
WH_PER_MICROJOULE = 1 / 3.6e9
WH_PER_MILLIJOULE = 1 / 3.6e6


def peak_memory_bytes() -> int:
    """Most memory that this process held. On Linux of this very program: ``getrusage`` remembers the process it was forked from."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


class Device:
    """The device that the model is on.

    Args:
        name: ``cpu``, ``cuda``, ``cuda:0``, ``mps``; None: elsewhere (an endpoint).
        is_shared_with_engine: Whether another process of the job holds the model (vLLM): then all that is in use counts.
    """

    def __init__(self, name: str | None, *, is_shared_with_engine: bool = False) -> None:
        self.name = name
        self._is_shared_with_engine = is_shared_with_engine
        self._torch: Any = sys.modules.get("torch")

    @property
    def label(self) -> str | None:
        """``cpu``, or what kind of GPU."""
        if self._is_cuda:
            return str(self._torch.cuda.get_device_name(self._index))
        return self.name

    def begin(self) -> None:
        """From here on the peak counts."""
        if self._is_cuda:
            self._torch.cuda.reset_peak_memory_stats(self._index)

    def memory_bytes(self) -> int | None:
        """Peak since ``begin`` where the device keeps one (CUDA), else what is in use now; None on a CPU."""
        if self._is_cuda:
            if self._is_shared_with_engine:
                free, total = self._torch.cuda.mem_get_info(self._index)
                return int(total - free)
            return int(self._torch.cuda.max_memory_reserved(self._index))
        if self.name == "mps" and self._torch is not None:
            return int(self._torch.mps.driver_allocated_memory())
        return None

    @property
    def _is_cuda(self) -> bool:
        return bool(self.name and self.name.startswith("cuda") and self._torch and self._torch.cuda.is_available())

    @property
    def _index(self) -> int:
        return int(self.name.partition(":")[2] or 0) if self.name else 0


class Energy:
    """Counters of the processor packages (RAPL, where they may be read) and of the GPUs in sight (NVML).

    They count everything on the machine, not this process alone.
    """

    def __init__(self, powercap: Path = POWERCAP, nvidia: Sequence[Any] | None = None) -> None:
        self._packages = [zone for zone in sorted(powercap.glob("intel-rapl:*")) if zone.name.count(":") == 1]
        self._gpus = _gpus() if nvidia is None else nvidia
        self._start = self._read()

    def wh(self) -> float | None:
        """Watt hours since it was made; None where no counter can be read."""
        now = self._read()
        if now is None or self._start is None:
            return None
        packages = sum(_since(zone, a, b) for zone, a, b in zip(self._packages, self._start[0], now[0], strict=True))
        gpus = sum(b - a for a, b in zip(self._start[1], now[1], strict=True))
        return packages * WH_PER_MICROJOULE + gpus * WH_PER_MILLIJOULE

    def _read(self) -> tuple[list[int], list[int]] | None:
        try:
            packages = [int((zone / "energy_uj").read_text()) for zone in self._packages]
        except OSError:
            packages, self._packages = [], []
        gpus = [gpu() for gpu in self._gpus]
        return (packages, gpus) if packages or gpus else None


def _since(zone: Path, before: int, after: int) -> int:
    """Microjoules between two readings of a counter that starts again at its end."""
    return after - before if after >= before else after - before + int((zone / "max_energy_range_uj").read_text())


def _gpus() -> list[Any]:
    """A function for each NVIDIA GPU that this process may use, which reads its counter in millijoules."""
    if "torch" not in sys.modules or not sys.modules["torch"].cuda.is_available():
        return []
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return []
    if nvml.nvmlInit_v2() != 0:
        return []
    found = []
    for name in _visible(sys.modules["torch"].cuda.device_count()):
        handle = ctypes.c_void_p()
        get = nvml.nvmlDeviceGetHandleByIndex_v2 if name.isdigit() else nvml.nvmlDeviceGetHandleByUUID
        argument = ctypes.c_uint(int(name)) if name.isdigit() else ctypes.c_char_p(name.encode())
        if get(argument, ctypes.byref(handle)) == 0 and _millijoules(nvml, handle) is not None:
            found.append(lambda handle=handle: _millijoules(nvml, handle) or 0)
    return found


def _visible(count: int) -> list[str]:
    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return named or [str(i) for i in range(count)]


def _millijoules(nvml: Any, handle: Any) -> int | None:
    value = ctypes.c_ulonglong()
    return value.value if nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(value)) == 0 else None
