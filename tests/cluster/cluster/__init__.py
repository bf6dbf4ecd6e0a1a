"""Experiments on a real Kubernetes, with the images of `tests/real`."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "real"))
