"""Writes tests/fixtures/lightgbm: small models, odd rows, and what LightGBM predicts for them.

Run: python scripts/golden-lightgbm.py (needs lightgbm and numpy, see scripts/requirements.txt). The same files come
out on the same versions. NAME.txt is the model's text without its parameters; NAME.json has
  lightgbm    its version
  iterations  how many are used
  rows        [R][features]; NaN and infinities are the strings "nan", "inf", "-inf"
  raw         [R][classes] raw scores
  predicted   [R][classes] after the objective's transform
"""

import json
from pathlib import Path

import lightgbm as lgb
import numpy as np
from lightgbm_models import make_case

OUT = Path(__file__).parent.parent / "tests" / "fixtures" / "lightgbm"
SMALL = {"rows": 24, "samples": 300, "features": 4, "iterations": 3, "num_leaves": 6, "max_bin": 15}
SMALL |= {"min_data_in_leaf": 5, "boosting": "gbdt", "feature_fraction": 1.0}
PLAIN = ["normal", "whole"]
CASES = {
    "binary": {"objective": "binary", "sigmoid": 2.5, "kinds": PLAIN, "max_bin": 255},
    "multiclass": {"objective": "multiclass", "num_class": 4, "boosting": "dart", "kinds": PLAIN},
    "one-versus-all": {"objective": "multiclassova", "num_class": 3, "sigmoid": 0.3, "kinds": PLAIN},
    "square-root": {"objective": "regression", "reg_sqrt": True, "kinds": PLAIN},
    "poisson": {"objective": "poisson", "kinds": PLAIN},
    "cross-entropy": {"objective": "cross_entropy", "kinds": PLAIN},
    "cross-entropy-lambda": {"objective": "cross_entropy_lambda", "kinds": PLAIN},
    "ranking": {"objective": "lambdarank", "kinds": PLAIN},
    "custom": {"objective": "custom", "num_class": 3, "kinds": PLAIN},
    "forest": {"objective": "multiclass", "num_class": 2, "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7},
    "goss": {"objective": "huber", "boosting": "goss", "kinds": PLAIN},
    "zero-is-missing": {"objective": "regression", "zero_as_missing": True, "kinds": ["zeros", "small"]},
    "nothing-is-missing": {"objective": "regression", "use_missing": False, "kinds": ["whole", "category"]},
    "categories": {"objective": "binary", "kinds": ["category"], "min_data_per_group": 1, "cat_smooth": 0.0},
    "extremes": {"objective": "regression", "kinds": ["huge", "denormal", "infinite", "small"], "max_bin": 255},
    "constant": {"objective": "binary", "min_data_in_leaf": 10_000, "kinds": PLAIN},
    "early-stopped": {"objective": "regression", "iterations": 25, "num_leaves": 4, "min_data_in_leaf": 1, "kinds": PLAIN, "stops": True, "learning_rate": 0.9},
}


def plain(numbers):
    return [[v if np.isfinite(v) else str(v) for v in row] for row in numbers.tolist()]


def main() -> None:
    OUT.mkdir(exist_ok=True)
    for n, (name, fixed) in enumerate(CASES.items()):
        case = make_case(np.random.default_rng([6, n]), **(SMALL | fixed))
        golden = {
            "lightgbm": lgb.__version__,
            "iterations": case.iterations,
            "rows": plain(case.rows),
            "raw": plain(case.raw),
            "predicted": plain(case.predicted),
        }
        text = case.text[: case.text.index("\nparameters:")]
        (OUT / f"{name}.txt").write_text(text, encoding="utf-8", newline="\n")
        (OUT / f"{name}.json").write_text(json.dumps(golden) + "\n")
        print(f"{name}: {case.iterations} iterations used, {text.count('Tree=')} trees")


main()
