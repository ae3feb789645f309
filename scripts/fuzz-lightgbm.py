"""Writes random LightGBM models, rows and LightGBM's predictions into a folder, for scripts/fuzz-lightgbm.ts.

Run: python scripts/fuzz-lightgbm.py DIR [--models 200] [--rows 1000] [--seed 1]
(needs lightgbm and numpy, see scripts/requirements.txt), then npx tsx scripts/fuzz-lightgbm.ts DIR.
For each model DIR gets N.txt, N.json (iterations used, rows, features, classes, settings) and N.f64: little-endian
doubles, [rows, features] of rows, [rows, classes] of raw scores, [rows, classes] of predictions.
"""

import argparse
import json
from pathlib import Path

import lightgbm as lgb
import numpy as np
from lightgbm_models import make_case


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("dir", type=Path)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.dir.mkdir(parents=True, exist_ok=True)
    for n in range(options.models):
        case = make_case(np.random.default_rng([options.seed, n]), rows=options.rows)
        about = {"iterations": case.iterations, "rows": options.rows, "lightgbm": lgb.__version__, **case.settings}
        (options.dir / f"{n}.txt").write_text(case.text, encoding="utf-8", newline="\n")
        (options.dir / f"{n}.json").write_text(json.dumps(about))
        numbers = [case.rows, case.raw, case.predicted]
        np.concatenate([a.ravel() for a in numbers]).astype("<f8").tofile(options.dir / f"{n}.f64")
        print(f"{n + 1} of {options.models}: {json.dumps(about)}")


main()
