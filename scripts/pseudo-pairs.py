"""Writes real pairs of photos of one landmark with matches that are held to be true, for `cairn train-matcher --pairs`.

Run: python scripts/pseudo-pairs.py MANIFEST.csv OUT.jsonl [--most 40] [--inliers 30]
(needs numpy and opencv-python-headless). Of every landmark that training may see, photos are compared two by
two: SIFT, ratio test both ways, and a homography by USAC_MAGSAC. A pair is kept whose homography has enough
inliers, spread over both photos, and is no copy. Each line is

  {"a": path, "b": path, "points": [[xa, ya, xb, yb], ...], "homography": [9 numbers, row by row, a to b]}

with paths as in the manifest and the centre of the first pixel at (0, 0). Only the inliers are points. What
`cairn train-matcher` must not see it refuses; the splits below are those that hold what it may.
"""

import argparse
import csv
import json
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

SPLIT = Path(__file__).parent.parent / "models" / "validation-split.json"
RATIO = 0.8
THRESHOLD = 3.0
# Share of the photo's area that the inliers' bounding box covers at least: fewer lie on one sign or window.
LEAST_SPREAD = 0.05
# Mean distance in pixels by which a homography moves corners, less than which the photos are copies.
LEAST_MOTION = 6.0
FEATURES = 1500


def trained(manifest):
    """Photos by landmark: of the splits for training, less the landmarks that validation keeps for itself."""
    split = json.loads(SPLIT.read_text())
    kept = set(split["newLandmarks"]) | set(split["unlistedLandmarks"])
    labels = {}
    with open(manifest, newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] in ("train", "train_extra") and row["label"] and row["label"] not in kept:
                labels.setdefault(row["label"], []).append(row["path"])
    return labels


def describe(sift, file):
    image = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    if image is None:
        return None
    keypoints, descriptors = sift.detectAndCompute(image, None)
    if descriptors is None or len(keypoints) < 2:
        return None
    places = np.float64([keypoint.pt for keypoint in keypoints])
    # RootSIFT (Arandjelovic and Zisserman 2012).
    roots = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9))
    return image.shape[::-1], places, roots


def nearest(a, b):
    """For each row of a the row of b that passes the ratio test, or -1."""
    scores = a @ b.T
    order = np.argpartition(-scores, 1, axis=1)[:, :2]
    two = np.take_along_axis(scores, order, axis=1)
    best = np.where(two[:, 0] >= two[:, 1], 0, 1)
    rows = np.arange(len(a))
    first, second = two[rows, best], two[rows, 1 - best]
    distance = lambda similarity: np.sqrt(np.maximum(2 - 2 * similarity, 0))
    passes = distance(first) < RATIO * distance(second)
    return np.where(passes, order[rows, best], -1)


def spread(points, size):
    width, height = np.ptp(points, axis=0)
    return width * height / (size[0] * size[1])


def compare(one, other, least):
    (size_a, a, from_a), (size_b, b, from_b) = one, other
    forth, back = nearest(from_a, from_b), nearest(from_b, from_a)
    mutual = [i for i, j in enumerate(forth) if j >= 0 and back[j] == i]
    if len(mutual) < least:
        return None
    pa, pb = a[mutual], b[forth[mutual]]
    cv2.setRNGSeed(1)
    matrix, mask = cv2.findHomography(pa, pb, cv2.USAC_MAGSAC, THRESHOLD, maxIters=5000, confidence=0.9999)
    if matrix is None or mask.sum() < least:
        return None
    inliers = mask.ravel() == 1
    pa, pb = pa[inliers], pb[inliers]
    if min(spread(pa, size_a), spread(pb, size_b)) < LEAST_SPREAD:
        return None
    if np.linalg.norm(pa / size_a - pb / size_b, axis=1).mean() * max(size_a) < LEAST_MOTION:
        return None
    depth = np.c_[pa, np.ones(len(pa))] @ matrix[2]
    return None if depth.min() <= 0 else (np.c_[pa, pb], matrix)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("manifest", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--most", type=int, default=40, help="photos of a landmark that are compared")
    arguments.add_argument("--inliers", type=int, default=30, help="least of a pair")
    given = arguments.parse_args()
    cv2.setNumThreads(1)
    sift = cv2.SIFT_create(nfeatures=FEATURES)
    kept = compared = 0
    with open(given.out, "w") as out:
        for label, paths in sorted(trained(given.manifest).items()):
            described = {path: describe(sift, given.manifest.parent / path) for path in sorted(paths)[: given.most]}
            for a, b in combinations([path for path, found in described.items() if found], 2):
                compared += 1
                pair = compare(described[a], described[b], given.inliers)
                if pair is None:
                    continue
                points, matrix = pair
                line = {
                    "a": a,
                    "b": b,
                    "points": [[round(float(value), 2) for value in point] for point in points],
                    "homography": [float(f"{value:.9g}") for value in matrix.ravel()],
                }
                out.write(json.dumps(line) + "\n")
                kept += 1
            print(f"{label}: {kept} of {compared} pairs so far", flush=True)


if __name__ == "__main__":
    main()
