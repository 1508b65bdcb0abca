def deriv(e):
    if isinstance(e, str):
        return 1 if e == "x" else 0
    if isinstance(e, int):
        return 0
    op, rest = e[0], e[1:]
    if op == "+":
        return ["+"] + [deriv(f) for f in rest]
    if op == "-":
        return ["-"] + [deriv(f) for f in rest]
    if op == "*":
        return ["*", e, ["+"] + [["/", deriv(f), f] for f in rest]]
    raise ValueError("unknown operator")


def size(e):
    if not isinstance(e, list):
        return 1
    n = 1
    for part in e:
        n += size(part)
    return n


E = ["+", ["*", 3, "x", "x"], ["*", "a", "x", "x"], ["*", "b", "x"], 5]


def run(n):
    total = 0
    for _ in range(n):
        total += size(deriv(E))
    return total


print(run(240000))
