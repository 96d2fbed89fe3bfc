def median(numbers):
    ordered = sorted(numbers)
    middle = len(ordered) / 2
    return ordered[middle]
