"""Reports by string formatting: f-strings, the format mini-language, templates, unicode widths, % and str methods."""
import math
import string
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple


class Align(NamedTuple):
    title: str
    width: int
    spec: str


@dataclass
class Sale:
    item: str
    units: int
    price: float
    share: float
    code: int


SALES = [
    Sale("Äpfel", 1200, 0.35, 0.1234, 255),
    Sale("smørrebrød", 75, 4.5, 0.075, 4096),
    Sale("日本茶", 3, 1234.5678, 0.5, 7),
    Sale("café crème", 1000000, 2.0, 0.3016, 65535),
]
COLUMNS = [Align("item", 14, "<"), Align("units", 12, ">,"), Align("price", 12, ">.2f"),
           Align("share", 9, "^.1%"), Align("code", 8, ">#x")]


class Money:
    signs = {"EUR": "€", "USD": "$"}

    def __init__(self, cents, currency="EUR"):
        self.cents, self.currency = cents, currency

    def __format__(self, spec):
        style, _, rest = spec.partition("|")
        body = f"{self.cents / 100:,.2f}"
        match style:
            case "" | "symbol":
                body = self.signs[self.currency] + body
            case "code":
                body = f"{body} {self.currency}"
            case "account":
                body = f"({abs(self.cents) / 100:,.2f})" if self.cents < 0 else f" {body} "
            case other:
                raise ValueError(f"unknown money style {other!r}")
        return format(body, rest)

    def __repr__(self):
        return f"Money({self.cents!r}, {self.currency!r})"

    def __str__(self):
        return f"{self:symbol}"


def width(text):
    return sum(2 if ord(ch) > 0x2E80 else 1 for ch in text)


def pad(text, size, fill=" "):
    return text + fill * (size - width(text))


def table(rows):
    head = "".join(f"{c.title:{c.spec[0]}{c.width}}" for c in COLUMNS)
    yield head
    yield "=" * len(head)
    for row in rows:
        first, *rest = COLUMNS
        yield pad(row.item, first.width, ".") + "".join(
            "{:{align}{width}{spec}}".format(getattr(row, c.title), align=c.spec[0], width=c.width, spec=c.spec[1:])
            if "#" not in c.spec else f"{getattr(row, c.title):>#{c.width}x}" for c in rest)
    total = sum(r.units * r.price for r in rows)
    yield f"{'total':-<{len(head) - 20}}{total:->20,.3f}"


def wrap(text, size):
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > size:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        yield line


def justify(line, size):
    words = line.split()
    if len(words) == 1:
        return line.ljust(size)
    gaps, extra = divmod(size - sum(map(len, words)), len(words) - 1)
    return "".join(w + " " * (gaps + (i < extra)) for i, w in enumerate(words[:-1])) + words[-1]


def box(lines, style="╔═╗║╚╝"):
    tl, h, tr, v, bl, br = style
    size = max(map(width, lines))
    return "\n".join([f"{tl}{h * (size + 2)}{tr}", *(f"{v} {pad(line, size)} {v}" for line in lines), f"{bl}{h * (size + 2)}{br}"])


def bars(values, size=20):
    top = max(values.values())
    for key, value in values.items():
        full, part = divmod(round(value / top * size * 8), 8)
        yield f"{key:>6} {'█' * full + ' ▏▎▍▌▋▊▉'[part]:<{size + 1}}|{value:6.1f}"


def main():
    print(*table(SALES), sep="\n")

    number, name, spec, digits = 1234567.891, "Zoë", ">12", 3
    print(f"{number:.2f}|{number:,.1f}|{number:_.0f}|{number:e}|{number:.3g}|{number:+015.1f}|{number:<14.2f}|{number:^20.{digits}f}|")
    print(f"{name!r:>8}|{name!s:*^9}|{name!a}|{name:{spec}}|{name:.2}|{'%s' % name:>{5 + 2}}|{name=}|{number=:.1f}|{1 + 1 = }")
    print(f"{42:b} {42:#b} {42:08b} {42:#o} {42:#X} {255:x} {-42:+d} {42: d} {65:c} {1000000:,} {0xFFFFFFFF:_x} {42:=+8d} {-42:x<8} {42:06}")
    print(f"{True:d} {True!s:>6} {True} {None!s:^8}| {3:5}| {'3':5}| {3.0} {3.0:g} {1e16} {1e-5} {123456789.0:g} {0.1 + 0.2} {-0.0:.1f} {-0.4:z.0f}")
    print(f"{math.pi:10.3f}|{math.pi:<10.2e}|{math.inf:>6}|{math.nan:06}|{-math.inf:+.1f}|{0.000123:%}|{2.5:.0f} {3.5:.0f} {0.125:.2f} {1e21:.0f}")
    print(f"{{literal}} {{{number:.0f}}} {'nested ' + f'{name + f"{1 + 2}"}'} {'a' if number > 3 else 'b'!r} {[1, 2][0]:>3} { {'k': 'v'}['k'] }")
    print(f"{2 + 3j:.1f} {1j:>8} {(-1.5 + 0j):+.2f} {10 ** 30:,} {-10 ** 25:>30d} {2 ** 100:e}")
    print("{0}{1}{0} {a[1]} {b.cents} {b!r} {c[key]} {:>4}".replace("{:>4}", "{2:>4}").format("x", "y", 7, a=[1, 2], b=Money(5), c={"key": "w"}))
    print("{} {:5.1f} {!r:>6}".format("auto", 2.25, "q"), "{:{}^{}}".format("mid", "-", 11), "{x}{y}".format_map({"x": 1, "y": 2}))

    for money in Money(123456789), Money(-5050), Money(99, "USD"):
        print(f"{money}|{money:code}|{money:account|>16}|{money!r}|{money:code|*^20}")
    print("%5d|%-8s|%08.3f|%x|%+d|%%|%c|%r|%e|%5.1f%%" % (42, "left", 3.14159, 255, 7, "z", "q'", 12345.678, 99.5))
    print("%(user)s has %(count)03d of %(total).2f" % {"user": name, "count": 7, "total": 9}, "%s" % ((1, 2),), "%*d|%-*d|" % (6, 1, 4, 2), "%.3s|%#o" % ("abcdef", 8))

    text = "the quick brown fox jumps over the lazy dog while the naïve façade of a Straße burns slowly"
    lines = list(wrap(text, 28))
    print(*(f"[{justify(line, 28)}]" for line in lines), sep="\n")
    print(box(["títle", "日本", "a longer line"]))
    print(*bars({"mon": 12, "tue": 30.5, "wed": 1.1, "thu": 22.75}), sep="\n")
    print("\n".join(f"{a or '':<28} ¦ {b or '':>12}" for a, b in zip_longest(lines, text.title().split()[:3])))

    print("Straße".upper(), "ẞ".lower(), "ǅ".swapcase(), "ﬁn".capitalize(), "STRASSE".casefold() == "straße".casefold(), "İ".lower().encode())
    print("a-b_c d".title(), "don't stop".title(), string.capwords("  don't   stop "), "ab\tc\td".expandtabs(4), "x".center(6, "*"), "-7".zfill(5), "+x".zfill(5))
    print("1²³½٣".isdigit(), "٣".isdecimal(), "½".isnumeric(), int("٣"), "αβγ".isalpha(), "αβγ".isidentifier(), " \u2003".isspace(), "é".isascii(), "e\u0301" == "é", len("e\u0301"))
    print("a,b,,c".split(","), "a  b ".split(), " x y ".split(" "), "a\nb\r\nc\x0bd".splitlines(), "k=v=w".partition("="), "k=v=w".rpartition("="), "a.b.c".rsplit(".", 1))
    print("abcabc".translate(str.maketrans("ab", "xy", "c")), "abc".translate({97: None, 98: "BB", 99: 0x43}), "ab".join("123"), "mississippi".replace("ss", "SS", 1), "abcabc".rindex("c"))
    print(repr("tab\t quote' \"both\" \x00 \x7f \xa0 é \u200b \U0001F600 \ud800"), ascii("é😀"), "\N{GREEK SMALL LETTER PI}", "\x41\u00e9\101")
    print(string.capwords("ann owes  five"), sorted(string.punctuation)[:5], string.hexdigits)
    for attempt in (lambda: f"{'x':d}", lambda: f"{3:.2d}", lambda: f"{2.5:x}", lambda: "{} {1}".format(1, 2), lambda: "{a}".format(), lambda: "{".format(),
                    lambda: "%d" % "x", lambda: "%s %s" % (1,), lambda: "%s" % (1, 2), lambda: f"{Money(1):weird}", lambda: f"{[1]:>5}", lambda: "%q" % 1,
                    lambda: "{0.missing}".format(1), lambda: "abc".index("z"), lambda: f"{5:,_}"):
        try:
            print("?", attempt())
        except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
            print(type(error).__name__, error)


main()
