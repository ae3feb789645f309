"""Trains a LightGBM model on drawn data, as large as a re-ranker may be, for bench/tree-forms.ts and `cairn bench rerank`.

Run: python scripts/bench-lightgbm-model.py OUT.txt [--iterations 150] [--leaves 11] (needs lightgbm and numpy).
36 features, one value of twenty missing; seven classes.
"""

import argparse

import lightgbm as lgb
import numpy as np

ROWS, FEATURES, CLASSES = 6000, 36, 7

parser = argparse.ArgumentParser()
parser.add_argument("out")
parser.add_argument("--iterations", type=int, default=150)
parser.add_argument("--leaves", type=int, default=11)
options = parser.parse_args()
rng = np.random.default_rng(0)
x = rng.normal(size=(ROWS, FEATURES))
x[rng.random(x.shape) < 0.05] = np.nan
known = np.nan_to_num(x)
scores = known @ rng.normal(size=(FEATURES, CLASSES)) + known**2 @ rng.normal(size=(FEATURES, CLASSES)) * 0.5
y = np.argmax(scores + rng.normal(size=(ROWS, CLASSES)), axis=1)
settings = {"objective": "multiclass", "num_class": CLASSES, "num_leaves": options.leaves, "learning_rate": 0.05}
settings |= {"num_threads": 1, "verbosity": -1, "seed": 1}
lgb.train(settings, lgb.Dataset(x, y), options.iterations).save_model(options.out)
