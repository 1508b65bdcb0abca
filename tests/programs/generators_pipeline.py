"""Generators as pipelines and coroutines: yield from, send, throw, close, context managers around them."""
import itertools
from collections import deque
from contextlib import ExitStack, closing, contextmanager, nullcontext, redirect_stdout, suppress
from functools import partial, reduce, wraps
from io import StringIO

LOG = """\
2024-01-05 web   INFO  start
2024-01-05 db    ERROR disk full
2024-01-06 web   WARN  slow request 812ms

# a comment
2024-01-06 db    ERROR disk full
broken line
2024-01-07 mail  INFO  sent 14
2024-01-07 web   ERROR timeout 30000ms
"""


def lines(text):
    for number, line in enumerate(StringIO(text), 1):
        yield number, line.rstrip("\n")


def skip_noise(rows):
    skipped = 0
    for number, line in rows:
        if not line or line.startswith("#"):
            skipped += 1
        else:
            yield number, line
    return skipped


def parse(rows):
    source = skip_noise(rows)
    while True:
        try:
            number, line = next(source)
        except StopIteration as stop:
            return stop.value
        match line.split(maxsplit=3):
            case [day, system, level, what]:
                yield dict(number=number, day=day, system=system, level=level, what=what)
            case _:
                yield {"number": number, "level": "BAD", "what": line}


def records(rows):
    skipped = yield from parse(rows)
    yield {"level": "META", "what": f"{skipped} skipped"}


def pipe(value, *stages):
    return reduce(lambda acc, stage: stage(acc), stages, value)


def coroutine(function):
    @wraps(function)
    def start(*args, **kwargs):
        generator = function(*args, **kwargs)
        next(generator)
        return generator
    return start


@coroutine
def average():
    total, number, mean = 0.0, 0, None
    while True:
        try:
            value = yield mean
        except ValueError as error:
            print("  reset:", error)
            total, number, mean = 0.0, 0, None
            continue
        if value is None:
            return total, number
        total += value
        number += 1
        mean = total / number


@coroutine
def broadcast(*targets):
    try:
        while True:
            item = yield
            for target in targets:
                target.send(item)
    finally:
        for target in targets:
            target.close()


@coroutine
def collector(name, out, keep=lambda item: True):
    seen = 0
    try:
        while True:
            if keep(item := (yield)):
                seen += 1
                out.append((name, item))
    except GeneratorExit:
        out.append((name, f"closed after {seen}"))
        raise


class Tree:
    def __init__(self, value, *children):
        self.value, self.children = value, children

    def __iter__(self):
        yield self.value
        for child in self.children:
            yield from child

    def breadth(self):
        queue = deque([(0, self)])
        while queue:
            depth, node = queue.popleft()
            yield depth, node.value
            queue.extend((depth + 1, c) for c in node.children)

    def paths(self, prefix=()):
        here = *prefix, self.value
        if not self.children:
            yield "/".join(here)
        for child in self.children:
            yield from child.paths(here)


def flatten(node):
    if isinstance(node, (list, tuple)):
        inner = 0
        for part in node:
            inner = max(inner, (yield from flatten(part)))
        return inner + 1
    yield node
    return 0


def primes():
    sieve = {}
    for n in itertools.count(2):
        if n not in sieve:
            yield n
            sieve[n * n] = [n]
        else:
            for p in sieve.pop(n):
                sieve.setdefault(n + p, []).append(p)


@contextmanager
def section(name, trace, swallow=()):
    trace.append(f"enter {name}")
    try:
        yield name.upper()
    except swallow as error:
        trace.append(f"swallowed {type(error).__name__} in {name}")
    else:
        trace.append(f"clean {name}")
    finally:
        trace.append(f"exit {name}")


def round_robin(*tasks):
    queue = deque(enumerate(tasks))
    while queue:
        index, task = queue.popleft()
        with suppress(StopIteration):
            yield index, next(task)
            queue.append((index, task))


def countdown(n):
    while n:
        jump = yield n
        n = jump if jump is not None else n - 1
    return "liftoff"


def main():
    rows = list(pipe(LOG, lines, records))
    for row in rows:
        print(row)
    errors = (r for r in rows if r["level"] == "ERROR")
    by_system = {k: [r["what"] for r in g] for k, g in
                 itertools.groupby(sorted(errors, key=lambda r: r["system"]), key=lambda r: r["system"])}
    print(by_system)

    mean = average()
    print([mean.send(v) for v in (10, 20, 60)], mean.throw(ValueError("bad batch")), mean.send(5))
    try:
        mean.send(None)
    except StopIteration as stop:
        print("finished with", stop.value)
    print(next(mean, "exhausted"))

    out = []
    hub = broadcast(collector("all", out), collector("even", out, lambda i: i % 2 == 0))
    for item in range(4):
        hub.send(item)
    hub.close()
    print(out)

    tree = Tree("root", Tree("usr", Tree("bin"), Tree("lib", Tree("py"))), Tree("etc"))
    print(list(tree), list(tree.breadth()), list(tree.paths()))
    nested = [1, [2, [3, (4, [5])]], [], 6]
    print(list(flatten(nested)), dict(enumerate(flatten(nested))).get(4))
    print(list(itertools.takewhile(lambda p: p < 40, primes())), next(itertools.islice(primes(), 99, None)))

    trace = []
    with section("outer", trace) as a, section("inner", trace, (ZeroDivisionError,)) as b:
        trace.append(a + b)
        1 / 0
    try:
        with section("strict", trace, ()):
            raise LookupError("lost")
    except LookupError as error:
        trace.append(f"escaped {error}")
    with ExitStack() as stack:
        names = [stack.enter_context(section(n, trace)) for n in "xy"]
        stack.callback(trace.append, "callback")
        stack.push(lambda kind, error, tb: kind is KeyError)
        {}["missing " + "".join(names)]
    print("\n".join(trace))

    with redirect_stdout(StringIO()) as hidden, nullcontext(3) as three:
        print("captured", three)
    print(repr(hidden.getvalue()))
    print("".join(f"{i}{v}" for i, v in round_robin(iter("abc"), iter([1]), countdown(4))))
    with closing(countdown(9)) as rocket:
        print(next(rocket), rocket.send(3), list(rocket), rocket.gi_frame)
    double = partial(map, lambda v: v * 2)
    print(list(pipe(range(10), partial(filter, lambda v: v % 3), double, lambda it: itertools.batched(it, 4))))

    def leaky():
        yield next(iter(()))
    try:
        list(leaky())
    except RuntimeError as error:
        print(error, type(error.__cause__).__name__)


main()
