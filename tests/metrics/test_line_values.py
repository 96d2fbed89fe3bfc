"""Numbers in lines as programs print them: found where they are measures, and nowhere else."""

from __future__ import annotations

import pytest

from gage._internal.metrics.line_values import LineValues, values_of_line

MEASURES = {
    "pairs": ("loss=0.87 acc=0.56", None, {"loss": 0.87, "acc": 0.56}),
    "spaces": ("Iteration 1, loss = 0.69314718", 1, {"loss": 0.69314718}),
    "keras 2": (
        "1563/1563 [==============================] - 4s 3ms/step - loss: 1.5 - accuracy: 0.44",
        *(None, {"loss": 1.5, "accuracy": 0.44}),
    ),
    "keras 3": (
        "10/10 ━━━━━━━━━━━━━━━━━━━━ 0s 5ms/step - accuracy: 0.84 - loss: 0.5 - val_loss: 0.4",
        *(None, {"accuracy": 0.84, "loss": 0.5, "val_loss": 0.4}),
    ),
    "keras epoch": ("Epoch 1/10", 1, {}),
    "hugging face": ("{'loss': 0.4, 'epoch': 1.0}", 1, {"loss": 0.4}),
    "hugging face 5": (
        "{'loss': '0.4', 'grad_norm': '1.2', 'learning_rate': '5e-05', 'epoch': '0.5'}",
        *(None, {"loss": 0.4, "grad_norm": 1.2, "learning_rate": 5e-5}),
    ),
    "words": ("Epoch 1 | train loss 0.5", 1, {"train loss": 0.5}),
    "parts": (
        "Epoch 1 | train loss 0.5 | val acc 0.8 | 3.2s",
        *(1, {"train loss": 0.5, "val acc": 0.8}),
    ),
    "xgboost": ("[10]\ttrain-rmse:0.3\teval-rmse:0.4", 10, {"train-rmse": 0.3, "eval-rmse": 0.4}),
    "lightgbm": ("[10]\tvalid_0's l2: 0.24", 10, {"valid_0's l2": 0.24}),
    "tqdm": (
        "100%|██████████| 9/9 [00:01<00:00, 5.2it/s, loss=0.3, acc=0.9]",
        *(None, {"loss": 0.3, "acc": 0.9}),
    ),
    "epoch in front": ("epoch 3: loss=0.5 acc=0.1", 3, {"loss": 0.5, "acc": 0.1}),
    "step before epoch": ("Epoch 2 step 40 loss 0.3 acc 0.2", 40, {"loss": 0.3, "acc": 0.2}),
    "mnist": ("Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.3", 1, {"Loss": 2.3}),
    "mnist test": (
        "Test set: Average loss: 0.0361, Accuracy: 9882/10000 (99%)",
        *(None, {"Average loss": 0.0361}),
    ),
    "nanogpt": (
        "step 100: train loss 1.2, val loss 1.3",
        *(100, {"train loss": 1.2, "val loss": 1.3}),
    ),
    "nanogpt iter": ("iter 10: loss 3.1, time 12.3ms, mfu 2.1%", 10, {"loss": 3.1}),
    "logging": (
        "2024-01-01 12:00:00,123 INFO epoch=3 loss=0.5 lr=1e-3",
        *(3, {"loss": 0.5, "lr": 0.001}),
    ),
    "percent": ("Epoch 3/10 - acc: 84.3%", 3, {"acc": 84.3}),
    "nan": ("loss: nan", None, {"loss": float("nan")}),
}

# As programs print them that train nothing, or say something about their training but no value.
NOTHING = """\
lr=0.1 epochs=5
Namespace(lr=0.1, seed=3, epochs=10)
Adam(lr=0.001, betas=(0.9, 0.999))
python -m train --lr=0.1 --steps=100
Requirement already satisfied: numpy==1.26.0
Collecting accelerate==0.21.0
Downloading acc-1.2.3-py3-none-any.whl (12 MB)
Successfully installed scikit-learn-1.5.0
2024-01-01 12:00:00,123 INFO starting
12:30:01.123 [main] DEBUG connected to 10.0.0.1:8080
Listening on http://127.0.0.1:8888/?token=12
took 5.3s at 12:30:01
Elapsed time: 12.5ms
64 bytes from 1.1.1.1: icmp_seq=1 ttl=57 time=4.2 ms
3 packets transmitted, 3 received, 0% packet loss, time 2003ms
rtt min/avg/max/mdev = 4.1/4.2/4.3/0.1 ms
error: 404
ERROR: code 500
HTTP/1.1 200 OK
mixed precision: 16
Using precision 16 on GPU 0
Loss function: 3 terms
Using loss v1.2.3
loss.py:12: UserWarning: reduce is deprecated
File "loss.py", line 12, in forward
  1%|▏         | 3/300 [00:01<02:03, 2.4it/s]
100%|██████████| 9/9 [00:01<00:00, 5.2it/s]
Downloading: 45%|████▌     | 45/100 [00:01<00:01]
10/10 ━━━━━━━━━━━━━━━━━━━━ 0s 5ms/step
map: 12 tiles loaded
There are 3 accounts with 12 errors
Accuracy of the clock is 3 parts per million
score: 10
return code: 1
exit status 2
Memory: 12.5GB of 64GB
Python 3.11.7 (main, Jan  1 2024)
torch 2.1.0+cu121
CUDA 12.1 with 2 devices
seed=42
Loaded 60000 images of 28x28
shape=(100, 3) dtype=float64
x: array([1., 2.])
{'lr': 0.1, 'epochs': 5}
{"id": 12, "name": "loss"}
total 48
-rw-r--r-- 1 user user 1234 Jan  1 12:00 loss.csv
   loss  acc
0   0.5  0.9
loss        float64
Saved checkpoint loss_0.5.pt
git: 3 files changed, 12 insertions(+), 4 deletions(-)
Model has 1,234,567 parameters
L2 cache: 4 MB
f1.txt: 3 lines
""".splitlines()


@pytest.mark.parametrize(("line", "step", "values"), MEASURES.values(), ids=MEASURES)
def test_measures(line: str, step: int | None, values: dict[str, float]) -> None:
    found = values_of_line(line)

    assert found.step == step
    assert [name for name, _ in found.values] == [*values]
    assert [value for _, value in found.values] == pytest.approx([*values.values()], nan_ok=True)


@pytest.mark.parametrize("line", NOTHING, ids=range(len(NOTHING)))
def test_nothing_else_is_a_value(line: str) -> None:
    assert values_of_line(line) == LineValues(None, [])


def test_a_long_line_of_anything_is_quick() -> None:
    assert not values_of_line("loss " * 400).values
    assert not values_of_line("a" * 2000 + "=").values
    assert not values_of_line("loss: " + "1" * 1990 + "x").values
