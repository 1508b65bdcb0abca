import sys

sys.setrecursionlimit(100000)


def ack(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ack(m - 1, 1)
    return ack(m - 1, ack(m, n - 1))


def repeat(times):
    last = 0
    for _ in range(times):
        last = ack(2, 320)
    return last


print(repeat(320), ack(3, 7))
