"""Number theory on big integers: fractions by hand, primes, modular powers, roots, digits of pi."""
import math
from functools import cache, reduce, total_ordering
from itertools import accumulate, count, islice, takewhile
from operator import mul


@total_ordering
class Fraction:
    __slots__ = ("top", "bottom")

    def __init__(self, top=0, bottom=1):
        if isinstance(top, str):
            left, _, right = top.partition("/")
            top, bottom = int(left), int(right or 1)
        if bottom == 0:
            raise ZeroDivisionError(f"Fraction({top}, 0)")
        if bottom < 0:
            top, bottom = -top, -bottom
        divisor = math.gcd(top, bottom)
        self.top, self.bottom = top // divisor, bottom // divisor

    @classmethod
    def wrap(cls, value):
        if isinstance(value, cls):
            return value
        return cls(value) if isinstance(value, int) else None

    def binary(function):
        def method(self, other):
            other = self.wrap(other)
            return NotImplemented if other is None else function(self, other)
        return method

    def flipped(function):
        def method(self, other):
            other = self.wrap(other)
            return NotImplemented if other is None else function(other, self)
        return method

    __add__ = __radd__ = binary(lambda a, b: Fraction(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom))
    __mul__ = __rmul__ = binary(lambda a, b: Fraction(a.top * b.top, a.bottom * b.bottom))
    __sub__ = binary(lambda a, b: a + -b)
    __rsub__ = flipped(lambda a, b: a + -b)
    __truediv__ = binary(lambda a, b: Fraction(a.top * b.bottom, a.bottom * b.top))
    __rtruediv__ = flipped(lambda a, b: Fraction(a.top * b.bottom, a.bottom * b.top))
    __floordiv__ = binary(lambda a, b: a.top * b.bottom // (a.bottom * b.top))
    __eq__ = binary(lambda a, b: (a.top, a.bottom) == (b.top, b.bottom))
    __lt__ = binary(lambda a, b: a.top * b.bottom < b.top * a.bottom)
    del binary, flipped

    def __neg__(self):
        return Fraction(-self.top, self.bottom)

    def __abs__(self):
        return Fraction(abs(self.top), self.bottom)

    def __pow__(self, power):
        if power < 0:
            return Fraction(self.bottom ** -power, self.top ** -power)
        return Fraction(self.top ** power, self.bottom ** power)

    def __hash__(self):
        return hash(self.top) if self.bottom == 1 else hash((self.top, self.bottom))

    def __float__(self):
        return self.top / self.bottom

    def __bool__(self):
        return self.top != 0

    def __str__(self):
        return f"{self.top}/{self.bottom}" if self.bottom != 1 else str(self.top)

    def __repr__(self):
        return f"Fraction({self.top}, {self.bottom})"

    def decimal(self, digits):
        whole, rest = divmod(abs(self.top), self.bottom)
        out = []
        for _ in range(digits):
            digit, rest = divmod(rest * 10, self.bottom)
            out.append(str(digit))
        return f"{'-' * (self.top < 0)}{whole}.{''.join(out)}"

    def continued(self):
        top, bottom = self.top, self.bottom
        while bottom:
            term, rest = divmod(top, bottom)
            yield term
            top, bottom = bottom, rest


def is_prime(n):
    if n < 2:
        return False
    for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        if n % p == 0:
            return n == p
    d, s = n - 1, 0
    while d & 1 == 0:
        d, s = d >> 1, s + 1
    for a in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(a, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def rho(n):
    for c in count(1):
        x = y = 2
        d = 1
        while d == 1:
            x = (x * x + c) % n
            y = (y * y + c) % n
            y = (y * y + c) % n
            d = math.gcd(abs(x - y), n)
        if d != n:
            return d


def factor(n):
    if n == 1:
        return []
    if is_prime(n):
        return [n]
    for p in 2, 3, 5, 7:
        if n % p == 0:
            return [p] + factor(n // p)
    d = rho(n)
    return sorted(factor(d) + factor(n // d))


def extended(a, b):
    if b == 0:
        return a, 1, 0
    g, x, y = extended(b, a % b)
    return g, y, x - a // b * y


def crt(pairs):
    total, product = 0, reduce(mul, (m for _, m in pairs))
    for r, m in pairs:
        part = product // m
        total += r * part * pow(part, -1, m)
    return total % product


def pi_digits():
    q, r, t, k, n, l = 1, 0, 1, 1, 3, 3
    while True:
        if 4 * q + r - t < n * t:
            yield n
            q, r, n = 10 * q, 10 * (r - n * t), (10 * (3 * q + r)) // t - 10 * n
        else:
            q, r, t, k, n, l = q * k, (2 * q + r) * l, t * l, k + 1, (q * (7 * k + 2) + r * l) // (t * l), l + 2


@cache
def fibonacci(n):
    if n <= 2:
        return min(n, 1)
    a, b = fibonacci(n // 2), fibonacci(n // 2 + 1)
    return a * a + b * b if n % 2 else a * (2 * b - a)


def base(n, radix):
    digits = ""
    while n:
        n, d = divmod(n, radix)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[d] + digits
    return digits or "0"


def main():
    half, third = Fraction(1, 2), Fraction("2/-6")
    print(half + third, half - 1, 3 - third, half * third, half / third, 2 / half, half // third, -half ** 3, third ** -2)
    print(half > third, half >= Fraction(2, 4), half == 0.5, max(half, third, Fraction(5, 9)), [third], {half: 1}[Fraction(3, 6)])
    print(sum(Fraction(1, n) for n in range(1, 31)), float(sum((Fraction(1, n * n) for n in range(1, 20)), Fraction())))
    print(Fraction(22, 7).decimal(25), Fraction(-1, 998001).decimal(30), list(Fraction(355, 113).continued()), bool(Fraction()))
    for attempt in (lambda: Fraction(1, 0), lambda: half + 1.5, lambda: half < "x", lambda: half / 0, lambda: Fraction("a/b")):
        try:
            attempt()
        except (ZeroDivisionError, TypeError, ValueError) as error:
            print(type(error).__name__, error)

    print(math.factorial(50), 2 ** 200 - 1, (-7) ** 41)
    big = 3 ** 150
    print(divmod(big, 10 ** 20), divmod(-big, 10 ** 20)[1], -big // 7 ** 40, -big % -(7 ** 40), big.bit_length(), big.bit_count())
    print(big >> 100, -big >> 200, (big << 70) & (2 ** 90 - 1), ~big | 1 << 64, big ^ -big, hex(big)[:20], bin(big)[-20:])
    print(int(str(big)) == big, int(hex(-big), 16) == -big, int("zz" * 10, 36), int("1_000_000"), int("0b1011", 0))
    print(big.to_bytes(32, "big").hex(), int.from_bytes((-big).to_bytes(31, "little", signed=True), "little", signed=True) == -big)
    print(math.isqrt(big), math.isqrt(10 ** 60) == 10 ** 30, float(big), big / 3 ** 149, math.log2(2 ** 3000), big == float(big), big < 1e80)
    print(hash(2 ** 61 - 1), hash(2 ** 61), hash(-(2 ** 100)), hash(big) == hash(big + (2 ** 61 - 1)), round(123456789, -4), f"{big:,}"[:15])
    for attempt in (lambda: float(10 ** 400), lambda: 1 << -1, lambda: pow(2, -1, 4), lambda: big.to_bytes(8, "big"), lambda: big % 0, lambda: int("12x")):
        try:
            attempt()
        except (OverflowError, ValueError, ZeroDivisionError) as error:
            print(type(error).__name__, error)

    print([p for p in range(60) if is_prime(p)], is_prime(2 ** 127 - 1), is_prime(2 ** 127 + 1), next(n for n in count(10 ** 18) if is_prime(n)))
    for n in 360, 1001, 2 ** 32 + 1, 600851475143, 10 ** 12 + 39, 1234567890123:
        print(n, "=", " x ".join(map(str, factor(n))))
    print(pow(3, 10 ** 30, 10 ** 9 + 7), pow(7, -1, 10 ** 9 + 7), pow(-5, 3, 13), extended(2 ** 61, 3 ** 40), crt([(2, 3), (3, 5), (2, 7), (5, 11)]))
    p, q, e = 1000000000039, 1000000000061, 65537
    d = pow(e, -1, math.lcm(p - 1, q - 1))
    secret = int.from_bytes(b"Molt sheds", "big")
    sealed = pow(secret, e, p * q)
    print(sealed, pow(sealed, d, p * q).to_bytes(10, "big"))
    print("".join(map(str, islice(pi_digits(), 60))))
    print(fibonacci(300), fibonacci.cache_info().currsize, list(accumulate(range(1, 25), mul))[-1], math.comb(100, 50), math.perm(30, 20))
    print(base(2 ** 100, 36), base(255, 2), [base(n, 7) for n in (0, 6, 7, 48, 49)], int(base(10 ** 25, 17), 17) == 10 ** 25)
    print(sum(map(int, str(2 ** 1000))), len(str(math.factorial(200))), sum(takewhile(lambda v: v < 10 ** 15, (fibonacci(i) for i in count(1)))))


main()
