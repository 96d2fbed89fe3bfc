"""A training script as people write them: NumPy, a figure by matplotlib, printed metrics."""

from __future__ import annotations

from pathlib import Path

import gage
from gage._internal.record.manifest import verify

SCRIPT = """
import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

lr = 0.1
epochs = 10

generator = np.random.default_rng(0)
x = generator.normal(size=(100, 2))
y = x @ np.array([1.5, -2.0])
weights = np.zeros(2)
losses = []
for epoch in range(epochs):
    error = x @ weights - y
    losses.append(float(np.mean(error**2)))
    print(f"step: {epoch}")
    print(f"loss: {losses[-1]:.6f}")
    weights -= lr * x.T @ error / len(x)
plt.plot(losses)
plt.savefig("loss.png")
np.save("weights.npy", weights)
"""


def test_a_training_script_leaves_its_values_its_figure_and_its_weights(
    project: Path, runs_home: Path
) -> None:
    (project / "train.py").write_text(SCRIPT)

    slow = gage.run("train.py", {"lr": 0.1}, check=True)
    fast = gage.run("train.py", {"lr": 0.5}, check=True)

    assert [entry.path for entry in fast.manifest if entry.type == "g"] == [
        "loss.png",
        "weights.npy",
    ]
    assert Path(fast.run_dir, "loss.png").read_bytes().startswith(b"\x89PNG")
    assert fast.metrics["loss"].count == slow.metrics["loss"].count == 10
    assert fast.metrics["loss"].last < slow.metrics["loss"].last < slow.metrics["loss"].max
    assert (fast.config["lr"], fast.config["epochs"]) == (0.5, 10)
    assert (project / "train.py").read_text() == SCRIPT
    assert verify(fast) == []
