"""Operators of every kind: polynomials, fractions and matrices with reflected, in-place and rich comparison methods."""
import math
import operator
from collections.abc import Mapping, MutableSequence, Set
from itertools import accumulate, chain, combinations, groupby, islice, permutations, product, starmap, takewhile, zip_longest


class Fraction:
    __slots__ = ("n", "d")

    def __init__(self, n, d=1):
        if d == 0:
            raise ZeroDivisionError(f"Fraction({n}, 0)")
        g = math.gcd(n, d) * (1 if d > 0 else -1)
        self.n, self.d = n // g, d // g

    @staticmethod
    def _of(x):
        return x if isinstance(x, Fraction) else Fraction(x) if isinstance(x, int) else None

    def _arith(op):
        def forward(self, other):
            other = self._of(other)
            return NotImplemented if other is None else op(self, other)

        def reverse(self, other):
            other = self._of(other)
            return NotImplemented if other is None else op(other, self)

        return forward, reverse

    __add__, __radd__ = _arith(lambda a, b: Fraction(a.n * b.d + b.n * a.d, a.d * b.d))
    __sub__, __rsub__ = _arith(lambda a, b: Fraction(a.n * b.d - b.n * a.d, a.d * b.d))
    __mul__, __rmul__ = _arith(lambda a, b: Fraction(a.n * b.n, a.d * b.d))
    __truediv__, __rtruediv__ = _arith(lambda a, b: Fraction(a.n * b.d, a.d * b.n))
    __floordiv__, __rfloordiv__ = _arith(lambda a, b: (a.n * b.d) // (a.d * b.n))
    __mod__, __rmod__ = _arith(lambda a, b: a - (a // b) * b)
    del _arith

    def __pow__(self, n):
        return Fraction(self.n**n, self.d**n) if n >= 0 else Fraction(self.d**-n, self.n**-n)

    def __neg__(self):
        return Fraction(-self.n, self.d)

    def __abs__(self):
        return Fraction(abs(self.n), self.d)

    def __eq__(self, other):
        other = self._of(other)
        return NotImplemented if other is None else (self.n, self.d) == (other.n, other.d)

    def __lt__(self, other):
        other = self._of(other)
        return NotImplemented if other is None else self.n * other.d < other.n * self.d

    def __le__(self, other):
        return self == other or self < other

    def __gt__(self, other):
        return not self <= other

    def __hash__(self):
        return hash(self.n) if self.d == 1 else hash((self.n, self.d))

    def __bool__(self):
        return self.n != 0

    def __float__(self):
        return self.n / self.d

    def __int__(self):
        return int(self.n / self.d)

    def __round__(self, digits=0):
        return round(self.n / self.d, digits)

    def __floor__(self):
        return self.n // self.d

    def __format__(self, spec):
        return format(self.n / self.d, spec) if spec else str(self)

    def __repr__(self):
        return f"Fraction({self.n}, {self.d})"

    def __str__(self):
        return str(self.n) if self.d == 1 else f"{self.n}/{self.d}"


class Polynomial(Mapping):
    """Coefficients by degree; zero ones are left out."""

    def __init__(self, terms=(), /, **named):
        items = terms.items() if isinstance(terms, Mapping) else enumerate(terms)
        self._terms = {d: c for d, c in items if c}
        for name, c in named.items():
            self._terms[int(name.lstrip("x") or 1)] = c

    def __getitem__(self, degree):
        return self._terms[degree]

    def __missing__(self, degree):
        return 0

    def __iter__(self):
        return iter(sorted(self._terms))

    def __len__(self):
        return len(self._terms)

    def __call__(self, x):
        return sum((c * x**d for d, c in self._terms.items()), start=0)

    def __add__(self, other):
        if not isinstance(other, Polynomial):
            other = Polynomial([other])
        return Polynomial({d: self.get(d, 0) + other.get(d, 0) for d in self.keys() | other.keys()})

    __radd__ = __add__

    def __neg__(self):
        return Polynomial({d: -c for d, c in self.items()})

    def __sub__(self, other):
        return self + -other

    def __mul__(self, other):
        if isinstance(other, Polynomial):
            out = {}
            for (d, c), (e, b) in product(self.items(), other.items()):
                out[d + e] = out.get(d + e, 0) + c * b
            return Polynomial(out)
        return Polynomial({d: c * other for d, c in self.items()})

    __rmul__ = __mul__

    def __matmul__(self, other):
        return sum((c * other**d for d, c in self.items()), Polynomial())

    def __pow__(self, n):
        out = Polynomial([1])
        for _ in range(n):
            out *= self
        return out

    def __divmod__(self, other):
        quotient, rest = {}, self
        top, lead = max(other), other[max(other)]
        while rest and max(rest) >= top:
            d, c = max(rest) - top, rest[max(rest)] / lead
            quotient[d] = c
            rest -= other * Polynomial({d: c})
        return Polynomial(quotient), rest

    def __eq__(self, other):
        return self._terms == (other._terms if isinstance(other, Polynomial) else Polynomial([other])._terms)

    __hash__ = None

    def __str__(self):
        def term(d, c):
            power = "" if d == 0 else "x" if d == 1 else f"x^{d}"
            factor = "" if c == 1 and d else "-" if c == -1 and d else str(c)
            return factor + power

        return " + ".join(term(d, self[d]) for d in reversed(list(self))).replace("+ -", "- ") or "0"


class Matrix:
    def __init__(self, rows):
        self.rows = [list(r) for r in rows]

    @property
    def shape(self):
        return len(self.rows), len(self.rows[0])

    def __getitem__(self, key):
        match key:
            case (int(i), int(j)):
                return self.rows[i][j]
            case (slice() as i, slice() as j):
                return Matrix(r[j] for r in self.rows[i])
            case (i, slice() as j):
                return self.rows[i][j]
            case int(i):
                return self.rows[i]
        raise TypeError(f"bad index {key!r}")

    def __setitem__(self, key, value):
        i, j = key
        self.rows[i][j] = value

    def __matmul__(self, other):
        if self.shape[1] != other.shape[0]:
            raise ValueError(f"shapes {self.shape} and {other.shape} do not fit")
        columns = list(zip(*other.rows))
        return Matrix([sum(map(operator.mul, r, c)) for c in columns] for r in self.rows)

    def __imul__(self, factor):
        for r in self.rows:
            r[:] = [x * factor for x in r]
        return self

    def determinant(self):
        n = len(self.rows)
        total = 0
        for p in permutations(range(n)):
            sign = (-1) ** sum(p[i] > p[j] for i, j in combinations(range(n), 2))
            total += sign * math.prod(self[i, p[i]] for i in range(n))
        return total

    def __iter__(self):
        return chain.from_iterable(self.rows)

    def __contains__(self, x):
        return any(x == y for y in self)

    def __repr__(self):
        return f"Matrix({self.rows})"


class Bits(Set):
    def __init__(self, items=()):
        self.mask = 0
        for i in items:
            self.mask |= 1 << i

    def __contains__(self, i):
        return isinstance(i, int) and bool(self.mask >> i & 1)

    def __iter__(self):
        return (i for i in range(self.mask.bit_length()) if self.mask >> i & 1)

    def __len__(self):
        return self.mask.bit_count()

    def __repr__(self):
        return f"Bits({list(self)})"


class Ring(MutableSequence):
    def __init__(self, items=()):
        self.items = list(items)

    def __getitem__(self, i):
        return self.items[i] if isinstance(i, slice) else self.items[i % len(self.items)]

    def __setitem__(self, i, v):
        self.items[i % len(self.items)] = v

    def __delitem__(self, i):
        del self.items[i % len(self.items)]

    def __len__(self):
        return len(self.items)

    def __iter__(self):
        return iter(self.items)

    def insert(self, i, v):
        self.items.insert(i, v)


half, third = Fraction(1, 2), Fraction(-2, -6)
print(half + third, 1 - half, half / third, 2 // third, half % third, half**-3, -half, abs(-third))
print(half == Fraction(2, 4), half < 1, 1 >= half, sorted([half, 0, third, 1]), hash(Fraction(4, 2)) == hash(2))
print(f"{third:.3f} {third} {third!r}", float(half), int(Fraction(-7, 2)), round(third, 2), math.floor(Fraction(-7, 2)))
print(sum([half, third, 1]), max(half, third), bool(Fraction(0)), {half: 1}[Fraction(3, 6)])
for action in (lambda: half + "x", lambda: half < "x", lambda: Fraction(1, 0), lambda: "x" * half, lambda: half / 0):
    try:
        print(action())
    except (TypeError, ZeroDivisionError) as e:
        print(type(e).__name__, e)

p, q = Polynomial([1, -3, 0, 2]), Polynomial(x=1, x0=-1)
print(p, "|", q, "|", p + q, "|", p - p, "|", 2 * p, "|", p * q, "|", p + 5)
print(q**3, "|", p(2), p(half), "|", p @ q, "|", [d for d in p], 7 in p, p.get(7), len(p))
quotient, rest = divmod(Polynomial([-4, 0, -2, 1]), Polynomial([-3, 1]))
print(quotient, "|", rest, quotient == Polynomial([3.0, 1.0, 1.0]), Polynomial([3]) == 3)
try:
    hash(p)
except TypeError as e:
    print(e)

m = Matrix([[2, 0, 1], [1, 3, 2], [1, 1, 1]])
print(m @ m, m.determinant(), m[1, 2], m[0], m[:2, 1:], m[2, :2], 3 in m, list(m)[-1])
m[0, 0] = half
m *= 2
print(m, m.determinant())
for key in ("x", (1, "y")):
    try:
        m[key]
    except (TypeError, KeyError) as e:
        print(type(e).__name__, e)
try:
    m @ Matrix([[1, 2]])
except ValueError as e:
    print(e)

a, b = Bits([1, 5, 64]), Bits([5, 7])
print(a | b, a & b, a - b, a ^ b, a >= Bits([5]), a.isdisjoint(b), 5 in a, "5" in a, len(a), a == {1, 5, 64})
r = Ring("abc")
r.append("d"); r.extend("ef"); r[7] = "B"; del r[-1]; r.reverse()
print(r[:], r[100], r.index("c"), r.count("a"), r.pop(), list(reversed(r)), "d" in r, len(r))
r += ["x"]
r.remove("c")
print(r[:], [*islice(accumulate(r), 3)])
print([(k, len(list(g))) for k, g in groupby("aabccc")], list(takewhile(lambda x: x < 3, range(9))))
print(list(starmap(pow, [(2, 5), (3, 2)])), list(zip_longest("ab", "c", fillvalue="-")))
