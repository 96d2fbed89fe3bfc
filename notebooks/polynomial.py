"""Fit a polynomial to noisy points and measure it on points that it has not seen.

Run as it is, or with other values: `%gage_run polynomial.py degree=5 alpha=0.01`.
"""

import numpy as np

degree = 3
alpha = 0.0  # how strongly large coefficients are punished
points = 24
seed = 0


def sample(count, generator):
    x = generator.uniform(-1, 1, count)
    return x, np.sin(3 * x) + generator.normal(0, 0.2, count)


def features(x):
    return np.vander(x, degree + 1, increasing=True)


def error(x, y, coefficients):
    return float(np.sqrt(np.mean((features(x) @ coefficients - y) ** 2)))


generator = np.random.default_rng(seed)
x, y = sample(points, generator)
unseen_x, unseen_y = sample(1000, generator)

design = features(x)
punishment = alpha * np.eye(degree + 1)
coefficients = np.linalg.lstsq(design.T @ design + punishment, design.T @ y, rcond=None)[0]

print(f"train_error: {error(x, y, coefficients):.4f}")
print(f"validation_error: {error(unseen_x, unseen_y, coefficients):.4f}")
np.savetxt("coefficients.txt", coefficients)
