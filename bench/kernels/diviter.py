def create(n):
    made = None
    while n > 0:
        made = (None, made)
        n -= 1
    return made


def halve(xs):
    half = None
    while xs is not None:
        half = (xs[0], half)
        xs = xs[1][1]
    return half


def length(xs):
    n = 0
    while xs is not None:
        n += 1
        xs = xs[1]
    return n


def run(n):
    xs = create(200)
    total = 0
    for _ in range(n):
        total += length(halve(xs))
    return total


print(run(180000))
