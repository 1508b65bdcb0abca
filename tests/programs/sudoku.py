"""Sudoku: constraint propagation and backtracking, counting solutions, generating puzzles, text rendering."""
from collections import Counter
from copy import deepcopy
from functools import cached_property
from itertools import combinations, product

DIGITS = "123456789"
CELLS = tuple(product(range(9), repeat=2))
ROWS = [[(r, c) for c in range(9)] for r in range(9)]
COLUMNS = [[(r, c) for r in range(9)] for c in range(9)]
BOXES = [[(r + i, c + j) for i, j in product(range(3), repeat=2)] for r, c in product((0, 3, 6), repeat=2)]
UNITS = ROWS + COLUMNS + BOXES
PEERS = {cell: {other for unit in UNITS if cell in unit for other in unit} - {cell} for cell in CELLS}

PUZZLES = {
    "easy": "53..7.... 6..195... .98....6. 8...6...3 4..8.3..1 7...2...6 .6....28. ...419..5 ....8..79",
    "medium": "..9748... 7........ .2.1.9... ..7...24. .64.1.59. .98...3.. ...8.3.2. ........6 ...2759..",
    "hard": "4.....8.5 .3....... ...7..... .2.....6. ....8.4.. ....1.... ...6.3.7. 5..2..... 1.4......",
}


class Contradiction(Exception):
    def __init__(self, cell, why):
        super().__init__(f"{why} at r{cell[0] + 1}c{cell[1] + 1}")
        self.cell = cell


class BadPuzzle(ValueError):
    pass


class Grid:
    def __init__(self, text=""):
        compact = [ch for ch in text if ch in DIGITS or ch in ".0"]
        if text and len(compact) != 81:
            raise BadPuzzle(f"{len(compact)} cells instead of 81")
        self.options = {cell: set(DIGITS) for cell in CELLS}
        self.given = {}
        for cell, ch in zip(CELLS, compact):
            if ch in DIGITS:
                self.given[cell] = ch
        for cell, ch in self.given.items():
            self.assign(cell, ch)

    def assign(self, cell, digit):
        """Reduce the cell to the digit; all others are eliminated."""
        if digit not in self.options[cell]:
            raise Contradiction(cell, f"{digit} impossible")
        for other in sorted(self.options[cell] - {digit}):
            self.eliminate(cell, other)

    def eliminate(self, cell, digit):
        options = self.options[cell]
        if digit not in options:
            return
        options.remove(digit)
        if not options:
            raise Contradiction(cell, "nothing left")
        if len(options) == 1:
            (last,) = options
            for peer in sorted(PEERS[cell]):
                self.eliminate(peer, last)
        for unit in UNITS:
            if cell in unit:
                places = [place for place in unit if digit in self.options[place]]
                if not places:
                    raise Contradiction(cell, f"no place for {digit}")
                if len(places) == 1 and len(self.options[places[0]]) > 1:
                    self.assign(places[0], digit)

    def pairs(self):
        """Naked pairs: two cells of a unit sharing the same two options."""
        removed = 0
        for unit in UNITS:
            twos = [cell for cell in unit if len(self.options[cell]) == 2]
            for a, b in combinations(twos, 2):
                if self.options[a] == self.options[b]:
                    for cell in unit:
                        if cell not in (a, b):
                            for digit in sorted(self.options[a] & self.options[cell]):
                                self.eliminate(cell, digit)
                                removed += 1
        return removed

    @property
    def solved(self):
        return all(len(options) == 1 for options in self.options.values())

    def copy(self):
        twin = type(self)()
        twin.options = deepcopy(self.options)
        twin.given = self.given
        return twin

    def __getitem__(self, key):
        row, column = key
        options = self.options[row, column]
        return next(iter(options)) if len(options) == 1 else "."

    def __format__(self, spec):
        if spec == "flat":
            return "".join(self[cell] for cell in CELLS)
        if spec == "count":
            return "\n".join(" ".join(str(len(self.options[cell])) for cell in row) for row in ROWS)
        if spec:
            raise ValueError(f"unknown format {spec!r}")
        return str(self)

    def __str__(self):
        lines = []
        for r in range(9):
            if r in (3, 6):
                lines.append("------+-------+------")
            row = [self[r, c] for c in range(9)]
            lines.append(" | ".join(" ".join(row[i:i + 3]) for i in (0, 3, 6)))
        return "\n".join(lines)


class Solver:
    def __init__(self, text):
        self.text = text
        self.guesses = self.dead_ends = 0

    @cached_property
    def start(self):
        return Grid(self.text)

    def solutions(self, grid=None):
        grid = self.start if grid is None else grid
        try:
            while not grid.solved and grid.pairs():
                pass
        except Contradiction:
            self.dead_ends += 1
            return
        if grid.solved:
            yield grid
            return
        cell = min((c for c in CELLS if len(grid.options[c]) > 1), key=lambda c: (len(grid.options[c]), c))
        for digit in sorted(grid.options[cell]):
            self.guesses += 1
            attempt = grid.copy()
            try:
                attempt.assign(cell, digit)
            except Contradiction:
                self.dead_ends += 1
            else:
                yield from self.solutions(attempt)


def valid(grid):
    return all({grid[cell] for cell in unit} == set(DIGITS) for unit in UNITS)


def plain_backtrack(board, empty, steps):
    """No propagation at all, on a list of strings; the classical version."""
    if not empty:
        return True
    r, c = empty[-1]
    used = {board[a][b] for a, b in PEERS[r, c]}
    for digit in DIGITS:
        steps[0] += 1
        if digit not in used:
            board[r][c] = digit
            empty.pop()
            if plain_backtrack(board, empty, steps):
                return True
            empty.append((r, c))
            board[r][c] = "."
    return False


def generate(seed, keep):
    state = seed
    grid = Grid()
    order = sorted(CELLS, key=lambda cell: (cell[0] * 17 + cell[1] * 31 + seed) % 83)
    for cell in order:
        options = sorted(grid.options[cell])
        if len(options) > 1:
            state = (state * 1103515245 + 12345) % 2 ** 31
            for digit in options[state % len(options):] + options[:state % len(options)]:
                attempt = grid.copy()
                try:
                    attempt.assign(cell, digit)
                except Contradiction:
                    continue
                grid = attempt
                break
            else:
                raise Contradiction(cell, "stuck")
    full = f"{grid:flat}"
    chosen = set(order[:keep])
    return "".join(ch if cell in chosen else "." for cell, ch in zip(CELLS, full)), full


def main():
    for name, text in PUZZLES.items():
        solver = Solver(text)
        known = sum(len(o) == 1 for o in solver.start.options.values())
        print(f"{name}: {len(solver.start.given)} given, {known} after propagation")
        first = next(solver.solutions())
        print(f"{first}\nguesses {solver.guesses}, dead ends {solver.dead_ends}, valid {valid(first)}")
    print(f"{Grid(PUZZLES['medium']):count}")

    rows = [list(row) for row in PUZZLES["easy"].split()]
    steps = [0]
    print(plain_backtrack(rows, [cell for cell in reversed(CELLS) if rows[cell[0]][cell[1]] == "."], steps), steps)
    print("".join(map("".join, rows)) == f"{next(Solver(PUZZLES['easy']).solutions()):flat}")

    for seed in 1, 2, 5:
        try:
            puzzle, full = generate(seed, 45)
        except Contradiction as error:
            print("seed", seed, error)
            continue
        solver = Solver(puzzle)
        every = [f"{grid:flat}" for grid in solver.solutions()]
        print(seed, puzzle, len(every), full in every, sorted(Counter(puzzle).items())[:3])

    broken = {
        "short": "123",
        "twice": "55" + "." * 79,
        "column": ("7" + "." * 8) * 2 + "." * 63,
        "stuck": "12345678." + "........9" + "." * 63,
    }
    for name, text in broken.items():
        try:
            print(name, Grid(text))
        except (BadPuzzle, Contradiction) as error:
            print(name, type(error).__name__, error)
    try:
        f"{Grid():fancy}"
    except ValueError as error:
        print(error)


main()
