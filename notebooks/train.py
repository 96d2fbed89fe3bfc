"""Fit a line to noisy points by gradient descent: a script as anybody would write it.

The names at the top are what a run can be given other values for: `%gage_run train.py lr=0.2`.
"""

import random

lr = 0.1
epochs = 8
noise = 0.05
seed = 1

random.seed(seed)
points = [(x / 20, 3 * x / 20 + 1 + random.gauss(0, noise)) for x in range(21)]

slope = intercept = 0.0
for epoch in range(1, epochs + 1):
    errors = [slope * x + intercept - y for x, y in points]
    loss = sum(error**2 for error in errors) / len(points)
    slope -= lr * 2 * sum(e * x for e, (x, _) in zip(errors, points)) / len(points)
    intercept -= lr * 2 * sum(errors) / len(points)
    print(f"step: {epoch}")
    print(f"loss: {loss:.4f}")

with open("model.txt", "w") as file:
    file.write(f"y = {slope:.3f} x + {intercept:.3f}\n")
