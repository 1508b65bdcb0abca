"""Conway's game of life on sets of cells: patterns, text rendering, cycle detection, rule variants."""
from collections import Counter
from itertools import chain, product
from types import MappingProxyType

NEIGHBOURS = tuple((dx, dy) for dx, dy in product((-1, 0, 1), repeat=2) if (dx, dy) != (0, 0))

PATTERNS = MappingProxyType({
    "blinker": "###",
    "block": "##/##",
    "glider": ".#./..#/###",
    "toad": ".###/###.",
    "beacon": "##../##../..##/..##",
    "lwss": ".#..#/#..../#...#/####.",
    "rpentomino": ".##/##./.#.",
    "diehard": "......#./##....../.#...###",
    "pulsar": "..###...###../............./#....#.#....#/#....#.#....#/#....#.#....#/..###...###../"
              "............./..###...###../#....#.#....#/#....#.#....#/#....#.#....#/............./..###...###..",
})


class PatternError(ValueError):
    def __init__(self, text, row, column):
        super().__init__(f"bad cell {text!r} in row {row}, column {column}")


def parse(text, origin=(0, 0)):
    ox, oy = origin
    cells = set()
    for y, row in enumerate(text.split("/")):
        for x, ch in enumerate(row):
            match ch:
                case "#" | "O":
                    cells.add((x + ox, y + oy))
                case "." | " ":
                    pass
                case _:
                    raise PatternError(ch, y, x)
    return frozenset(cells)


class Rule:
    def __init__(self, text="B3/S23"):
        born, _, stay = text.partition("/")
        self.born = frozenset(map(int, born.removeprefix("B")))
        self.stay = frozenset(map(int, stay.removeprefix("S")))
        self.text = text

    def __call__(self, alive, count):
        return count in (self.stay if alive else self.born)

    def __repr__(self):
        return f"Rule({self.text!r})"


class Life:
    def __init__(self, cells, rule=Rule(), size=None):
        self.cells = frozenset(cells)
        self.rule = rule
        self.size = size
        self.generation = 0

    def wrap(self, x, y):
        if self.size is None:
            return x, y
        return x % self.size[0], y % self.size[1]

    def step(self):
        counts = Counter(self.wrap(x + dx, y + dy) for x, y in self.cells for dx, dy in NEIGHBOURS)
        self.cells = frozenset(cell for cell, n in counts.items() if self.rule(cell in self.cells, n))
        self.generation += 1
        return self

    def __iter__(self):
        return self

    def __next__(self):
        if not self.cells:
            raise StopIteration
        return self.step()

    def __len__(self):
        return len(self.cells)

    def __contains__(self, cell):
        return cell in self.cells

    def __eq__(self, other):
        if not isinstance(other, Life):
            return NotImplemented
        return self.cells == other.cells

    __hash__ = None

    @property
    def bounds(self):
        if not self.cells:
            return 0, 0, -1, -1
        xs, ys = zip(*self.cells)
        return min(xs), min(ys), max(xs), max(ys)

    def normal(self):
        x0, y0, *_ = self.bounds
        return frozenset((x - x0, y - y0) for x, y in self.cells)

    def __str__(self):
        x0, y0, x1, y1 = self.bounds
        return "\n".join("".join(".#"[(x, y) in self] for x in range(x0, x1 + 1)) for y in range(y0, y1 + 1)) or "(nothing)"


def rotate(cells, times=1):
    for _ in range(times % 4):
        cells = {(-y, x) for x, y in cells}
    x0, y0 = min(x for x, _ in cells), min(y for _, y in cells)
    return frozenset((x - x0, y - y0) for x, y in cells)


def symmetries(cells):
    mirrored = {(-x, y) for x, y in cells}
    return {rotate(c, t) if t else rotate(rotate(c, 1), 3) for c in (cells, mirrored) for t in range(4)}


def classify(cells, limit=60):
    life = Life(cells)
    seen = {life.normal(): (0, life.bounds[:2])}
    for life in life:
        shape, corner = life.normal(), life.bounds[:2]
        if shape in seen:
            when, where = seen[shape]
            period = life.generation - when
            move = corner[0] - where[0], corner[1] - where[1]
            kind = "spaceship" if any(move) else "still" if period == 1 else "oscillator"
            return kind, period, move
        if life.generation >= limit:
            return "unsettled", len(life), None
        seen[shape] = life.generation, corner
    return "dies", life.generation, None


def encode(life):
    """Run length encoding as in .rle files."""
    out = []
    for row in str(life).split("\n"):
        run, last = 0, None
        for ch in chain(row.rstrip("."), [None]):
            if ch != last and last is not None:
                out.append(f"{run if run > 1 else ''}{'bo'[last == '#']}")
                run = 0
            run, last = run + 1, ch
        out.append("$")
    return "".join(out[:-1]) + "!"


def main():
    for name, text in PATTERNS.items():
        cells = parse(text)
        print(f"{name:<11}{len(cells):>3} cells, {len(symmetries(cells))} orientations:", *classify(cells))

    glider = Life(parse(PATTERNS["glider"]))
    frames = [str(glider)] + [str(glider.step()) for _ in range(4)]
    for parts in zip(*(f.split("\n") for f in frames)):
        print("  ".join(parts))
    print(glider.cells == parse(PATTERNS["glider"], (1, 1)), glider.bounds, (3, 3) in glider)

    torus = Life(parse(PATTERNS["glider"]), size=(7, 5))
    start = torus.cells
    while torus.step().cells != start:
        pass
    print("torus cycle", torus.generation)

    r = Life(parse(PATTERNS["rpentomino"]))
    for life in r:
        if life.generation % 20 == 0:
            print(life.generation, len(life), life.bounds)
        if life.generation == 80:
            break
    print(r)
    print(encode(Life(parse(PATTERNS["lwss"]))), encode(Life(parse(PATTERNS["pulsar"]))))

    for text in "B3/S23", "B36/S23", "B2/S", "B1357/S1357":
        life = Life(parse("##./.##/#.#"), Rule(text), (16, 16))
        history = [len(life)]
        for life in life:
            history.append(len(life))
            if life.generation == 10:
                break
        print(life.rule, history)

    empty = Life(set()).step()
    print(empty, empty.bounds, list(empty), len(empty), bool(empty), empty == Life([]), empty == 3, empty != Life([(1, 1)]))
    for attempt in (lambda: parse("#.x"), lambda: hash(empty), lambda: PATTERNS.__setitem__("a", ""), lambda: Rule("Bx/S2")):
        try:
            attempt()
        except (ValueError, TypeError, AttributeError) as error:
            print(type(error).__name__, error)
    soup = {(x, y) for x in range(24) for y in range(12) if (x * x * 7 + y * 13 + x * y) % 5 < 2}
    box = Life(soup, size=(24, 12))
    for _ in range(40):
        box.step()
    print(len(soup), len(box), sum(x * y for x, y in box.cells))
    print(box)


main()
