"""LightGBM's own predictions of a model, timed as bench/peers/trees.ts times the others. Prints JSON.

Usage: python bench/peers/lightgbm-rows.py MODEL.txt ROWS.json ROUNDS   (needs lightgbm and numpy)
ROWS.json is a list of rows, null where a value is missing. One thread; milliseconds of all rows.
"""

import json
import sys
import time
from pathlib import Path

import lightgbm
import numpy as np

WARM_UP = 2
# A row at a time takes long: fewer rounds say enough.
SINGLE_ROUNDS = 5


def timed(work, rounds: int) -> dict:
    ms, cpu = [], []
    for run in range(-WARM_UP, rounds):
        began, used = time.perf_counter(), time.process_time()
        work()
        if run >= 0:
            ms.append((time.perf_counter() - began) * 1000)
            cpu.append((time.process_time() - used) * 1000)
    ms.sort()
    cpu.sort()
    n = len(ms)
    return {"median": ms[n // 2], "p95": ms[min(n - 1, int(0.95 * n))], "fastest": ms[0], "cpu": cpu[n // 2], "n": n}


model, rows_file, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
booster = lightgbm.Booster(model_str=Path(model).read_text())
rows = np.array(json.loads(Path(rows_file).read_text()), dtype=np.float64)
options = {"raw_score": True, "num_threads": 1}


def single() -> np.ndarray:
    return np.concatenate([booster.predict(rows[i : i + 1], **options) for i in range(len(rows))])


def together() -> np.ndarray:
    return booster.predict(rows, **options)


version = lightgbm.__version__
print(json.dumps([
    {"name": f"LightGBM {version} in Python (native), a row at a time", "ms": timed(single, min(rounds, SINGLE_ROUNDS)),
     "scores": single().tolist()},
    {"name": f"LightGBM {version} in Python (native), all rows at once", "ms": timed(together, rounds),
     "scores": together().tolist()},
]))
