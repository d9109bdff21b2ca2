"""What the jobs of all frameworks share: their arguments, the clock, and how figures are printed.

    python FRAMEWORK_job.py FOLDER NAME [--warm] [--threads N] [--double]

A job reads NAME's model and batch from the folder, runs one forward and one backward pass, and prints one line of JSON:
the loss; of each layer mean |z|, |a|, |dJ/da| and |delta|, as far as the framework shows them; of each weight mean
|dJ/dw|. With --warm it reads lines instead, and for each prints the least milliseconds of a pass with these figures
and of a bare one, out of those that fit into a turn: see turns.ts.
"""
import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from networks import NETWORKS, Array, Network

Figures = dict[str, dict[str, float]]


@dataclass
class Job:
    folder: Path
    name: str
    warm: bool
    threads: int | None
    double: bool

    @property
    def network(self) -> Network:
        return NETWORKS[self.name]

    def batch(self) -> tuple[Array, Array | None]:
        arrays = np.load(self.folder / f"{self.name}.npz")
        return arrays["x"], arrays.get("y")


def read_job() -> Job:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("name", choices=NETWORKS)
    parser.add_argument("--warm", action="store_true")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--double", action="store_true")
    return Job(**vars(parser.parse_args()))


TURN = 0.15


def least(run: Callable[[], object]) -> float:
    """Milliseconds of the fastest of the passes in a turn."""
    start, found = time.perf_counter(), float("inf")
    while found == float("inf") or time.perf_counter() - start < TURN:
        before = time.perf_counter()
        run()
        found = min(found, (time.perf_counter() - before) * 1000)
    return found


def finish(
    job: Job, versions: dict[str, str], figures: Callable[[], tuple[float, Figures]], bare: Callable[[], object]
) -> None:
    if not job.warm:
        loss, layers = figures()
        print(json.dumps({"versions": versions, "loss": loss, "layers": layers}))
        return
    for _ in range(3):  # the first passes compile and fill caches
        figures()
        bare()
    print(json.dumps({"ready": True}), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"figures": least(figures), "bare": least(bare)}), flush=True)
