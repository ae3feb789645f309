"""Writes tests/fixtures/geometry.safetensors: drawn two-view scenes, and what OpenCV's USAC_MAGSAC finds in them.

Run: python scripts/golden-geometry.py (needs numpy, opencv-python-headless and safetensors). For each scene:
  matches     [N, 5]  x and y in photo a, x and y in b, confidence (says nothing here: OpenCV does not use it)
  clean       [N, 4]  the same coordinates without noise
  right       [N]     1 for a right match
  opencv.T    [3, 3]  OpenCV's matrix at a threshold of T pixels; zeros where it found none
Photos are 640 x 480. The same bytes come out on the same versions.
"""

from pathlib import Path

import cv2
import numpy as np
from safetensors.numpy import save_file

OUT = Path(__file__).parent.parent / "tests" / "fixtures" / "geometry.safetensors"
SIZE = np.array([640, 480])
COUNT = 400
THRESHOLDS = [1, 2, 3]
CASES = [(0.5, 0.3), (1.0, 0.3), (0.5, 0.5), (1.0, 0.5), (0.5, 0.6), (1.0, 0.6), (0.5, 0.5), (1.0, 0.5)]


def inside(points):
    return ((points >= 0) & (points < SIZE)).all(axis=1)


def project(matrix, points):
    mapped = np.c_[points, np.ones(len(points))] @ matrix.T
    return mapped[:, :2] / mapped[:, 2:]


def plane(rng):
    """Random points of a under the homography that takes the corners to within a fifth of their places."""
    corners = np.float32([[0, 0], [640, 0], [640, 480], [0, 480]])
    moved = corners + rng.uniform(-0.2, 0.2, (4, 2)) * SIZE
    turn = cv2.getRotationMatrix2D((320, 240), rng.uniform(-40, 40), rng.uniform(0.7, 1.4))
    h = np.vstack([turn, [0, 0, 1]]) @ cv2.getPerspectiveTransform(corners, np.float32(moved))
    a = rng.uniform(0, 1, (20 * COUNT, 2)) * SIZE
    return a, project(h, a)


def space(rng):
    """Random points 4 to 10 before a camera, seen by another one to its side that looks at their middle."""
    k = np.array([[rng.uniform(450, 850), 0, 320], [0, 0, 240], [0, 0, 1]])
    k[1, 1] = k[0, 0]
    a = rng.uniform(0, 1, (20 * COUNT, 2)) * SIZE
    points = (np.c_[a, np.ones(len(a))] @ np.linalg.inv(k).T) * rng.uniform(4, 10, (len(a), 1))
    rotation, _ = cv2.Rodrigues(rng.uniform(-0.3, 0.3, 3))
    middle = np.array([0, 0, 7])
    step = np.array([rng.choice([-1, 1]) * rng.uniform(0.8, 2), rng.uniform(-1, 1), rng.uniform(-1, 1)])
    seen = points @ rotation.T + middle - rotation @ middle + step
    b = seen @ k.T
    return a[b[:, 2] > 0.5], (b[:, :2] / b[:, 2:])[b[:, 2] > 0.5]


def scene(kind, noise, outliers, seed):
    rng = np.random.default_rng(seed)
    a, b = kind(rng)
    seen = inside(b)
    right = np.zeros(COUNT, np.uint8)
    right[: round(COUNT * (1 - outliers))] = 1
    assert seen.sum() >= right.sum()
    clean = rng.uniform(0, 1, (COUNT, 4)) * np.r_[SIZE, SIZE]
    clean[right == 1] = np.c_[a[seen], b[seen]][: right.sum()]
    order = rng.permutation(COUNT)
    clean, right = clean[order], right[order]
    noisy = clean + noise * rng.standard_normal(clean.shape) * right[:, None]
    matches = np.c_[noisy, rng.uniform(0, 1, COUNT)].astype(np.float32)
    return matches, clean.astype(np.float32), right


def opencv(kind, matches, threshold):
    a, b = np.float64(matches[:, :2]), np.float64(matches[:, 2:4])
    cv2.setRNGSeed(1)
    if kind is plane:
        found, _ = cv2.findHomography(a, b, cv2.USAC_MAGSAC, threshold, maxIters=10000, confidence=0.9999)
    else:
        found, _ = cv2.findFundamentalMat(a, b, cv2.USAC_MAGSAC, threshold, 0.9999, 10000)
    return np.zeros((3, 3)) if found is None else found[:3]


if __name__ == "__main__":
    cv2.setNumThreads(1)
    out = {}
    for name, kind in [("homography", plane), ("fundamental", space)]:
        for i, (noise, outliers) in enumerate(CASES):
            matches, clean, right = scene(kind, noise, outliers, 100 * len(name) + i)
            prefix = f"{name}.{i}"
            out |= {f"{prefix}.matches": matches, f"{prefix}.clean": clean, f"{prefix}.right": right}
            for threshold in THRESHOLDS:
                out[f"{prefix}.opencv.{threshold}"] = opencv(kind, matches, threshold)
    save_file(out, OUT, metadata={"opencv": cv2.__version__})
    print(f"{OUT.name}: {len(out)} tensors, {OUT.stat().st_size} bytes, OpenCV {cv2.__version__}")
