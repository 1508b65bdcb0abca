"""Matrices with operators, exact fractions, determinants and inverses."""


def gcd(a, b):
    while b:
        a, b = b, a % b
    return abs(a)


class Ratio:
    __slots__ = ("top", "bottom")

    def __init__(self, top, bottom=1):
        if bottom == 0:
            raise ZeroDivisionError(f"Ratio({top}, 0)")
        if bottom < 0:
            top, bottom = -top, -bottom
        g = gcd(top, bottom) or 1
        self.top, self.bottom = top // g, bottom // g

    @classmethod
    def of(cls, value):
        return value if isinstance(value, cls) else cls(value)

    def __add__(self, other):
        if not isinstance(other, (int, Ratio)):
            return NotImplemented
        other = Ratio.of(other)
        return Ratio(self.top * other.bottom + other.top * self.bottom, self.bottom * other.bottom)

    __radd__ = __add__

    def __neg__(self):
        return Ratio(-self.top, self.bottom)

    def __sub__(self, other):
        return self + -Ratio.of(other)

    def __rsub__(self, other):
        return Ratio.of(other) - self

    def __mul__(self, other):
        if not isinstance(other, (int, Ratio)):
            return NotImplemented
        other = Ratio.of(other)
        return Ratio(self.top * other.top, self.bottom * other.bottom)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = Ratio.of(other)
        return Ratio(self.top * other.bottom, self.bottom * other.top)

    def __eq__(self, other):
        if isinstance(other, (int, Ratio)):
            other = Ratio.of(other)
            return (self.top, self.bottom) == (other.top, other.bottom)
        return NotImplemented

    def __hash__(self):
        return hash((self.top, self.bottom))

    def __bool__(self):
        return self.top != 0

    def __repr__(self):
        return f"{self.top}/{self.bottom}" if self.bottom != 1 else str(self.top)


class Matrix:
    def __init__(self, rows):
        self.rows = [[Ratio.of(x) for x in row] for row in rows]
        if len({len(r) for r in self.rows}) != 1:
            raise ValueError("rows of different lengths")

    @property
    def shape(self):
        return len(self.rows), len(self.rows[0])

    @staticmethod
    def identity(n):
        return Matrix([[int(i == j) for j in range(n)] for i in range(n)])

    def __matmul__(self, other):
        if self.shape[1] != other.shape[0]:
            raise ValueError(f"shapes {self.shape} and {other.shape} do not fit")
        columns = list(zip(*other.rows))
        return Matrix([[sum(a * b for a, b in zip(row, col)) for col in columns] for row in self.rows])

    def __mul__(self, factor):
        return Matrix([[x * factor for x in row] for row in self.rows])

    __rmul__ = __mul__

    def __pow__(self, n):
        result, base = Matrix.identity(self.shape[0]), self
        while n:
            if n & 1:
                result @= base
            base @= base
            n >>= 1
        return result

    def __getitem__(self, at):
        if isinstance(at, tuple):
            return self.rows[at[0]][at[1]]
        return self.rows[at]

    def __eq__(self, other):
        return isinstance(other, Matrix) and self.rows == other.rows

    def transposed(self):
        return Matrix(zip(*self.rows))

    def determinant(self):
        work = [row[:] for row in self.rows]
        n, result = len(work), Ratio(1)
        for i in range(n):
            pivot = next((r for r in range(i, n) if work[r][i]), None)
            if pivot is None:
                return Ratio(0)
            if pivot != i:
                work[i], work[pivot] = work[pivot], work[i]
                result = -result
            result *= work[i][i]
            for r in range(i + 1, n):
                factor = work[r][i] / work[i][i]
                for c in range(i, n):
                    work[r][c] -= factor * work[i][c]
        return result

    def inverse(self):
        n = len(self.rows)
        work = [row + one for row, one in zip(self.rows, Matrix.identity(n).rows)]
        for i in range(n):
            pivot = next((r for r in range(i, n) if work[r][i]), None)
            if pivot is None:
                raise ArithmeticError("singular matrix")
            work[i], work[pivot] = work[pivot], work[i]
            work[i] = [x / work[i][i] for x in work[i]]
            for r in range(n):
                if r != i and (factor := work[r][i]):
                    work[r] = [x - factor * y for x, y in zip(work[r], work[i])]
        return Matrix([row[n:] for row in work])

    def __str__(self):
        cells = [[repr(x) for x in row] for row in self.rows]
        width = max(len(c) for row in cells for c in row)
        return "\n".join("[" + " ".join(c.rjust(width) for c in row) + "]" for row in cells)


def main():
    a = Matrix([[2, 1, 0], [1, 3, 1], [0, 1, 4]])
    print(a, a.shape, a.determinant(), sep="\n")
    print(a.inverse())
    print(a @ a.inverse() == Matrix.identity(3))
    print(Matrix([[1, 1], [1, 0]]) ** 60)
    print((2 * a)[1, 2], a[0], a.transposed() == a)
    hilbert = Matrix([[Ratio(1, i + j + 1) for j in range(6)] for i in range(6)])
    print(hilbert.determinant())
    print(sum(x for row in hilbert.inverse().rows for x in row))
    for bad in (lambda: Matrix([[1], [1, 2]]), lambda: a @ Matrix([[1]]), lambda: Matrix([[1, 2], [2, 4]]).inverse(),
                lambda: Ratio(1, 0), lambda: Ratio(1) + "x"):
        try:
            bad()
        except (ValueError, ArithmeticError, TypeError) as e:
            print(type(e).__name__, "-", e)


main()
