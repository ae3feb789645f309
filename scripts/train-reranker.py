#!/usr/bin/env python3
"""Trains the re-ranker's trees on the table that `cairn train-reranker` made, which calls this script.

Usage: python3 train-reranker.py TABLE.json FOLDER

TABLE.json: {"columns": [...], "classes": n, "rows": [{"values": [...], "class": k, "group": "...", "listed": bool,
"view": "matched" | "unmatched" | "partly", "weight": w, "whole": bool}, ...]}; null is a missing value.
Writes FOLDER/model.txt (LightGBM's text) and FOLDER/report.json.

Parameters are chosen by cross-validation over groups (a landmark, a source of negatives): no group is in training
and in the held-out part at once. The measure is GAP over the held-out rows of whole galleries, each once with and
once without matching; iterations are those with the lowest held-out log loss. The temperature is then fitted to the
held-out scores. A multinomial logistic regression on some of the columns is trained beside the trees; the product
takes the mean of both models' probabilities, and so does the measure. Same table, same models: one thread, fixed
seeds.
"""

import hashlib
import itertools
import json
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

FOLDS = 5
ROUNDS = 600
PATIENCE = 40
GRID = {"num_leaves": [4, 8], "min_data_in_leaf": [40, 80], "feature_fraction": [0.5], "lambda_l2": [10.0]}
# The linear model's columns: all of the photo's, and these of each label's. Inverse strength of its L2 penalty.
LINEAR = [
    "score",
    "lead",
    "similarity",
    "similarityLead",
    "mean",
    "meanLead",
    "bank",
    "memberLow",
    "inliers",
    "inlierLead",
]
INVERSE_L2 = 0.05
FIXED = {
    "objective": "multiclass",
    "learning_rate": 0.05,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "feature_fraction_bynode": 0.7,
    "max_bin": 127,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 1,
    "verbosity": -1,
}


def gap(confidence, right, listed):
    """Micro average precision: see src/evaluation/recognition-metrics.ts."""
    order = np.argsort(-confidence, kind="stable")
    hits = right[order]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float((precision * hits).sum() / max(1, listed.sum()))


def softmax(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def main(table_file, folder):
    table = json.loads(Path(table_file).read_text())
    rows = table["rows"]
    classes = table["classes"]
    choices = classes - 2
    x = np.array([[np.nan if v is None else v for v in row["values"]] for row in rows])
    y = np.array([row["class"] for row in rows])
    weight = np.array([row["weight"] for row in rows], dtype=float)
    listed = np.array([row["listed"] for row in rows])
    whole = np.array([row["whole"] for row in rows])
    view = np.array([row["view"] for row in rows])
    names = sorted({row["group"] for row in rows}, key=lambda n: hashlib.sha256(n.encode()).digest())
    fold_of = {name: i % FOLDS for i, name in enumerate(names)}
    fold = np.array([fold_of[row["group"]] for row in rows])
    columns = table["columns"]
    straight = [i for i, name in enumerate(columns) if "." not in name or name.split(".")[0] in LINEAR]
    z = np.nan_to_num(x[:, straight], nan=0.0)

    def fit_linear(mask):
        scaler = StandardScaler().fit(z[mask])
        scaler.scale_[scaler.scale_ == 0] = 1
        model = LogisticRegression(C=INVERSE_L2, max_iter=1000)
        model.fit(scaler.transform(z[mask]), y[mask], sample_weight=weight[mask])
        return scaler, model

    held_out = np.zeros((len(rows), classes))
    for f in range(FOLDS):
        scaler, model = fit_linear(fold != f)
        held_out[fold == f] = model.predict_proba(scaler.transform(z[fold == f]))

    def data(mask, reference=None):
        return lgb.Dataset(
            x[mask], y[mask], weight=weight[mask], feature_name=columns, reference=reference, free_raw_data=False
        )

    def cross_validate(params):
        """Held-out raw scores at the number of iterations with the lowest mean log loss."""
        losses, parts = [], []
        for f in range(FOLDS):
            train, held = data(fold != f), data(fold == f)
            history = {}
            booster = lgb.train(
                {**params, "metric": "multi_logloss"},
                train,
                ROUNDS,
                valid_sets=[held],
                keep_training_booster=True,
                callbacks=[lgb.record_evaluation(history), lgb.early_stopping(PATIENCE, verbose=False)],
            )
            curve = np.array(history["valid_0"]["multi_logloss"])
            losses.append(np.pad(curve, (0, ROUNDS - len(curve)), constant_values=np.nan))
            parts.append(booster)
        # A fold that stopped early stays at its last value.
        curves = np.array(losses)
        for curve in curves:
            last = np.nanargmax(np.isnan(curve)) if np.isnan(curve).any() else len(curve)
            curve[last:] = curve[last - 1]
        iterations = int(curves.mean(axis=0).argmin()) + 1
        scores = np.zeros((len(rows), classes))
        for f, booster in enumerate(parts):
            scores[fold == f] = booster.predict(x[fold == f], raw_score=True, num_iteration=iterations)
        return iterations, float(curves.mean(axis=0).min()), scores

    def judge(scores, kind):
        mask = whole & (view == kind)
        measured = {"trees": softmax(scores[mask]), "linear": held_out[mask]}
        measured["both"] = (measured["trees"] + measured["linear"]) / 2
        return {
            name: gap(p[:, :choices].max(axis=1), p[:, :choices].argmax(axis=1) == y[mask], listed[mask])
            for name, p in measured.items()
        }

    tried, best = [], None
    for values in itertools.product(*GRID.values()):
        params = {**FIXED, "num_class": classes, **dict(zip(GRID, values))}
        iterations, loss, scores = cross_validate(params)
        result = {
            **dict(zip(GRID, values)),
            "iterations": iterations,
            "logloss": loss,
            "gapMatched": judge(scores, "matched"),
            "gapUnmatched": judge(scores, "unmatched"),
        }
        tried.append(result)
        print(json.dumps(result), file=sys.stderr, flush=True)
        measure = result["gapMatched"]["both"] + result["gapUnmatched"]["both"]
        if best is None or measure > best[0]:
            best = (measure, params, iterations, scores, result)
    _, params, iterations, scores, chosen = best

    def loss_at(temperature):
        p = softmax(scores[whole] / temperature)
        picked = p[np.arange(whole.sum()), y[whole]]
        return float(-(weight[whole] * np.log(np.maximum(picked, 1e-12))).sum() / weight[whole].sum())

    temperatures = np.exp(np.linspace(np.log(0.3), np.log(3), 241))
    temperature = float(min(temperatures, key=loss_at))

    scaler, linear = fit_linear(np.ones(len(rows), bool))
    booster = lgb.train(params, data(np.ones(len(rows), bool)), iterations)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    booster.save_model(folder / "model.txt")
    gain = booster.feature_importance("gain")
    report = {
        "rows": len(rows),
        "groups": len(names),
        "classCounts": np.bincount(y, minlength=classes).tolist(),
        "lightgbm": lgb.__version__,
        "chosen": chosen,
        "parameters": {**params, "num_iterations": iterations},
        "temperature": temperature,
        "linear": {
            "columns": [columns[i] for i in straight],
            "mean": scaler.mean_.tolist(),
            "scale": scaler.scale_.tolist(),
            "weights": linear.coef_.tolist(),
            "bias": linear.intercept_.tolist(),
        },
        "tried": tried,
        "gain": dict(sorted(zip(columns, (gain / gain.sum()).round(5).tolist()), key=lambda p: -p[1])),
    }
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
