"""Generators chained over a log: parsing, filtering, grouping, windows, a report with alignment."""


def lines():
    methods = ("GET", "POST", "PUT")
    seed = 17
    for i in range(400):
        seed = seed * 48271 % 2147483647
        if seed % 97 == 0:
            yield "garbled line"
            continue
        status = 200 if seed % 10 else (404 if seed % 20 else 500)
        yield f"2026-11-{i % 30 + 1:02d} {methods[seed % 3]} /item/{seed % 23} {status} {seed % 900 / 10:.1f}ms"


def records(source):
    for number, line in enumerate(source, 1):
        try:
            day, method, path, status, time = line.split()
            yield {"day": day, "method": method, "path": path, "status": int(status), "ms": float(time[:-2])}
        except ValueError as e:
            yield {"error": str(e), "line": number}


def valid(source, rejected):
    for r in source:
        if "error" in r:
            rejected.append(r)
        else:
            yield r


def windows(source, size):
    window = []
    for x in source:
        window.append(x)
        if len(window) == size:
            yield tuple(window)
            del window[0]


def running_mean():
    total = count = 0
    mean = None
    while True:
        value = yield mean
        if value is None:
            return total, count
        total += value
        count += 1
        mean = total / count


def flatten(items):
    for x in items:
        if isinstance(x, (list, tuple)):
            yield from flatten(x)
        else:
            yield x


def tee_count(source, counts, key):
    try:
        for r in source:
            counts[r[key]] = counts.get(r[key], 0) + 1
            yield r
    finally:
        counts["closed"] = True


def main():
    rejected, counts = [], {}
    stream = tee_count(valid(records(lines()), rejected), counts, "method")
    slow = [r for r in stream if r["ms"] > 80 and r["status"] == 200]
    print(len(slow), len(rejected), rejected[0])
    print(counts)
    by_path = {}
    for r in slow:
        by_path.setdefault(r["path"], []).append(r["ms"])
    top = sorted(by_path.items(), key=lambda kv: (-len(kv[1]), kv[0]))[:5]
    print(f"{'path':<12}|{'n':>4}|{'mean':>9}|{'worst':>9}")
    for path, times in top:
        print(f"{path:<12}|{len(times):>4}|{sum(times) / len(times):>9.3f}|{max(times):>9.2f}")
    mean = running_mean()
    next(mean)
    for r in slow[:5]:
        print(round(mean.send(r["ms"]), 3), end=" ")
    try:
        mean.send(None)
    except StopIteration as e:
        total, count = e.value
        print("\nstopped:", round(total, 1), count)
    print(list(windows(range(6), 3)))
    print(list(flatten([1, [2, (3, [4, []])], 5])))
    counts = {}
    part = tee_count(valid(records(lines()), []), counts, "status")
    print([next(part)["path"] for _ in range(3)])
    part.close()
    print(counts)
    squares = (x * x for x in range(10) if x % 2)
    print(next(squares), sum(squares), list(squares))
    pairs = [(a, b) for a in range(4) for b in range(a) if (a + b) % 2]
    print(pairs, {a: b for a, b in pairs}, {b for _, b in pairs})


main()
