"""Random LightGBM models, rows that try their edges, and LightGBM's own predictions.

For fuzz-lightgbm.py, which writes many of them, and golden-lightgbm.py, which writes a few.
"""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

# LightGBM's kZeroThreshold: a float32 constant in a double.
ZERO = float(np.float32(1e-35))

REAL = ["regression", "regression_l1", "huber", "fair", "quantile", "mape"]
POSITIVE = ["poisson", "gamma", "tweedie"]
UNIT = ["cross_entropy", "cross_entropy_lambda"]
RANKING = ["lambdarank", "rank_xendcg"]
MULTICLASS = ["multiclass", "multiclassova"]
OBJECTIVES = [*REAL, *POSITIVE, *UNIT, *RANKING, "binary", "binary", *MULTICLASS * 4, "custom"]
KINDS = ["normal", "small", "huge", "denormal", "zeros", "whole", "infinite", "constant", "category", "category"]


@dataclass
class Case:
    """A model's text, how many of its iterations are used, rows [R, F], and predictions [R, classes]."""

    text: str
    iterations: int
    rows: np.ndarray
    raw: np.ndarray
    predicted: np.ndarray
    settings: dict


def column(rng, kind, count):
    """Values of one feature, and the category ids of a categorical one."""
    x = rng.normal(size=count)
    if kind == "small":  # on both sides of what counts as zero
        return rng.choice([0, -0.0, 1, -1, 2, 0.5, 0.9, 1.1], count) * x * 1e-35, None
    if kind == "huge":
        return rng.choice([1e300, -1e300, 1e299, 1.7e308, 1], count) * x.clip(-1, 1), None
    if kind == "denormal":
        return rng.choice([5e-324, 1e-310, 2.3e-308], count) * np.round(x * 3), None
    if kind == "zeros":
        return np.where(rng.random(count) < 0.7, rng.choice([0.0, -0.0], count), x), None
    if kind == "whole":
        return np.round(x * 2), None
    if kind == "infinite":
        return np.where(rng.random(count) < 0.2, rng.choice([np.inf, -np.inf], count), x), None
    if kind == "constant":
        return np.full(count, 3.0), None
    if kind == "category":
        ids = rng.choice(rng.choice([4, 40, 400, 5000]), rng.integers(2, 120))
        picked = rng.choice(ids, count).astype(float)
        return np.where(rng.random(count) < 0.03, -1, picked), ids
    return x, None


def labels(rng, objective, classes, score):
    noisy = score + rng.normal(size=len(score)) * 0.5
    rank = np.argsort(np.argsort(noisy)) / len(score)
    if objective in MULTICLASS or (objective == "custom" and classes > 1):
        return np.floor(rank * classes)
    if objective == "binary":
        return (rank > 0.6).astype(float)
    if objective in RANKING:
        return np.floor(rank * 4)
    if objective in UNIT:
        return rank
    return rank * 3 + 0.01 if objective in POSITIVE else noisy


def random_settings(rng, objective):
    boosting = str(rng.choice(["gbdt", "gbdt", "dart", "rf", "goss"]))
    if objective in [*RANKING, "custom"] and boosting == "rf":
        boosting = "gbdt"
    settings = {
        "boosting": boosting,
        "num_leaves": int(rng.integers(2, 32)),
        "max_depth": int(rng.choice([-1, -1, 2, 4, 7])),
        "min_data_in_leaf": int(rng.choice([1, 3, 10, 60])),
        "learning_rate": float(rng.choice([0.05, 0.2, 0.9])),
        "use_missing": bool(rng.random() > 0.2),
        "zero_as_missing": bool(rng.random() < 0.25),
        "max_bin": int(rng.choice([3, 15, 255, 1000])),
        "max_cat_to_onehot": int(rng.choice([1, 4, 32])),
        "min_data_per_group": int(rng.choice([1, 20])),
        "cat_smooth": float(rng.choice([0, 10])),
        "feature_fraction": float(rng.choice([0.5, 1])),
    }
    if boosting == "rf":
        settings |= {"bagging_freq": 1, "bagging_fraction": 0.7}
    if objective in REAL and rng.random() < 0.3:
        settings["reg_sqrt"] = True
    if objective in ["binary", "multiclassova"]:
        settings["sigmoid"] = float(rng.choice([1, 0.3, 2.5]))
    return settings


def own_objective(classes):
    """Squared error, as a function of the user's own; one column a class."""

    def gradients(scores, data):
        label = data.get_label()
        target = label if classes == 1 else np.eye(classes)[label.astype(int)]
        return scores - target, np.ones_like(scores)

    return gradients


def thresholds(booster, features):
    """Those of each feature, by the model's own dump; sets of categories are left out."""
    found = [[] for _ in range(features)]

    def walk(node):
        if "threshold" in node:
            if node["decision_type"] == "<=":
                found[node["split_feature"]].append(float(node["threshold"]))
            walk(node["left_child"])
            walk(node["right_child"])

    for tree in booster.dump_model()["tree_info"]:
        walk(tree["tree_structure"])
    return found


def odd_rows(rng, x, count, splits, categories):
    """Rows of x in which half of the values give way to those that decide between left and right."""
    rows = x[rng.integers(0, len(x), count)].copy()
    common = [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 1e300, -1e300, 1.7e308, 1e-30]
    common += [s * np.nextafter(ZERO, to) for s in [1, -1] for to in [0, ZERO, 1]]
    for f in range(x.shape[1]):
        special = list(common)
        for t in splits[f]:
            special += [t, np.nextafter(t, -np.inf), np.nextafter(t, np.inf)] * 3
        if categories[f] is not None:
            picked = rng.choice(categories[f], 20).astype(float)
            special += [*picked, *(picked + 0.5), -0.5, -1, -1.5, 31, 32, 33, 2.0**31 - 1, 2.0**31, 1e10, -1e10]
        there = rng.random(count) < 0.5
        rows[there, f] = rng.choice(special, there.sum())
    return rows


def make_case(
    rng, rows=1000, samples=500, features=None, objective=None, iterations=None, kinds=KINDS, stops=None, **fixed
):
    """Trains a model at random; what is named is fixed, the rest drawn."""
    objective = objective or str(rng.choice(OBJECTIVES))
    many = objective in MULTICLASS or "num_class" in fixed or (objective == "custom" and rng.random() < 0.5)
    classes = fixed.pop("num_class", int(rng.integers(2, 9))) if many else 1
    settings = random_settings(rng, objective) | fixed
    features = features or int(rng.integers(2, 13))
    drawn = [column(rng, str(rng.choice(kinds)), samples) for _ in range(features)]
    x = np.stack([values for values, _ in drawn], axis=1)
    categories = [ids for _, ids in drawn]
    holes = rng.choice([0, 0.1, 0.4], features)
    x[rng.random(x.shape) < holes] = np.nan
    ranks = np.argsort(np.argsort(np.nan_to_num(x, nan=0.3), axis=0), axis=0) / samples
    score = ((ranks * 7).astype(int) % 3) @ rng.normal(size=features)
    y = labels(rng, objective, classes, score)

    given = {"objective": objective, "num_class": classes, "verbosity": -1, "num_threads": 1, **settings}
    given |= {"seed": int(rng.integers(1 << 30)), "deterministic": True}
    if objective == "custom":
        given["objective"] = own_objective(classes)
    cats = [f for f, ids in enumerate(categories) if ids is not None]
    if not cats and objective in ["regression", "binary", *MULTICLASS] and rng.random() < 0.5:
        given["monotone_constraints"] = [int(v) for v in rng.integers(-1, 2, features)]
    group = [10] * (samples // 10) if objective in RANKING else None
    names = [f"f{f}" if f % 3 else f"größe={f}" for f in range(features)]
    options = {"feature_name": names, "categorical_feature": cats or "auto", "free_raw_data": False}
    train = lgb.Dataset(x, y, group=group, **options)
    if stops is None:
        can_stop = objective not in [*RANKING, "custom"] and settings["boosting"] in ["gbdt", "goss"]
        stops = can_stop and rng.random() < 0.5 and iterations is None
    rounds = iterations or int(rng.integers(1, 41))
    if stops:
        wrong = rng.random(samples) < 0.3
        valid = train.create_valid(x, np.where(wrong, y[rng.permutation(samples)], y))
        # Kept as it is after training; else the iterations after the best one are thrown away.
        watch = {"valid_sets": [valid], "callbacks": [lgb.early_stopping(3, verbose=False)]}
        booster = lgb.train(given, train, rounds, **watch, keep_training_booster=True)
        # Iterations in which nothing could be split are counted, but not kept.
        used = min(booster.best_iteration, booster.num_trees() // classes)
    else:
        booster = lgb.train(given, train, rounds)
        used = int(rng.integers(1, booster.current_iteration() + 1))
    text = booster.model_to_string(num_iteration=-1)

    tried = odd_rows(rng, x, rows, thresholds(booster, features), categories)
    loaded = lgb.Booster(model_str=text)
    results = []
    for raw in [True, False]:
        result = loaded.predict(tried, raw_score=raw, num_iteration=used, num_threads=1)
        own = booster.predict(tried, raw_score=raw, num_iteration=used, num_threads=1)
        # A custom objective is not in the text; neither changes its scores.
        assert np.array_equal(result, own, equal_nan=True), "LightGBM reads its own text otherwise"
        results.append(np.reshape(result, (rows, classes)))
    settings |= {"objective": objective, "classes": classes, "features": features, "stops": bool(stops)}
    return Case(text, used, tried, *results, settings)
