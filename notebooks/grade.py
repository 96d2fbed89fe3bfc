"""Test a student's `median` with examples and count how many it gets right."""

import importlib

student = "ada"

EXAMPLES = [
    ([1], 1),
    ([1, 2, 3], 2),
    ([3, 1, 2], 2),
    ([4, 1, 3, 2], 2.5),
    ([5, 5, 1, 9], 5),
    ([-1, -5, -3], -3),
    ([0.5, 0.25], 0.375),
    (list(range(1000)), 499.5),
]

median = importlib.import_module(f"solutions.{student}").median

right = 0
for numbers, expected in EXAMPLES:
    shown = str(numbers) if len(numbers) < 10 else f"{len(numbers)} numbers"
    before = list(numbers)
    found = median(numbers)
    verdict = "ok" if found == expected else f"expected {expected}"
    if numbers != before:
        verdict = "changed the list that it was given"
    right += verdict == "ok"
    print(f"median of {shown} gives {found}, {verdict}")
print(f"score: {right / len(EXAMPLES)}")
