"""Experiments on a real Kubernetes. The images and the checks of `tests/real` are used here, too."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "real"))
