"""How this machine and this process are: the samples that Tocsin takes of itself."""

import socket
import time
from pathlib import Path

import psutil

from tocsin.storage.rules.samples import Sample


class Machine:
    """Takes samples of the machine; the first call of `sample` begins the measuring of processor time."""

    def __init__(self, data_dir: Path) -> None:
        self._labels = {"host": socket.gethostname()}
        self._disk = next(one for one in (data_dir.absolute(), *data_dir.absolute().parents) if one.exists())
        self._process = psutil.Process()
        self._began_at = time.monotonic()
        psutil.cpu_percent()

    def sample(self) -> list[Sample]:
        """Return how the machine is now; processor time is that since the last call."""
        processors = psutil.cpu_count() or 1
        figures = {
            "cpu_percent": psutil.cpu_percent(),
            "memory_percent": psutil.virtual_memory().percent,
            "swap_percent": psutil.swap_memory().percent,
            "disk_percent": psutil.disk_usage(str(self._disk)).percent,
            "load_per_cpu": psutil.getloadavg()[0] / processors,
            "tocsin.memory_mib": self._process.memory_info().rss / 1024**2,
        }
        return [Sample(name, float(value), self._labels) for name, value in figures.items()]

    def own(self, figures: dict[str, float]) -> list[Sample]:
        """Return samples of what this process says of itself."""
        return [Sample(name, value, self._labels) for name, value in figures.items()]
