"""Random values through json, sorted, string methods, number text and dicts; digests of everything are printed."""
import random, json
r = random.Random(7)
def val(d=0):
    k = r.randrange(9 if d < 3 else 6)
    if k == 0: return r.randrange(-10**r.randrange(1, 25), 10**r.randrange(1, 25))
    if k == 1: return r.uniform(-1, 1) * 10.0 ** r.randrange(-30, 30)
    if k == 2: return "".join(chr(r.choice([34, 92, 10, 65, 97, 233, 0x20ac, 0x1f600, 127, 31, 0x2028])) for _ in range(r.randrange(20)))
    if k == 3: return r.choice([None, True, False])
    if k in (4, 5): return "k" * r.randrange(20)
    if k == 6: return [val(d + 1) for _ in range(r.randrange(6))]
    return {str(val(9))[:12]: val(d + 1) for _ in range(r.randrange(9))}
h = 0
for _ in range(1500):
    v = val()
    for e in (True, False):
        t = json.dumps(v, ensure_ascii=e)
        assert json.loads(t) == v, v
        h = (h * 31 + sum(map(ord, t))) % 1000003
print(h)
def key(kind):
    if kind == 0: return r.randrange(-50, 50)
    if kind == 1: return r.choice([0.0, -0.0, 1e300, -5e-324, r.uniform(-3, 3), float(r.randrange(5))])
    if kind == 2: return "".join(r.choice("ab\0é") for _ in range(r.randrange(11)))
    if kind == 3: return r.choice([True, 1, 0.5, 2**70, -2**70, 0])
    return tuple(key(r.choice([0, 1, 3])) for _ in range(r.randrange(4)))
for trial in range(600):
    n = r.randrange(1, 60); mode = r.randrange(6)
    kinds = [r.randrange(4) for _ in range(r.randrange(1, 5))]
    if mode < 3: ks = [tuple(key(k) for k in kinds) for _ in range(n)]
    elif mode == 3: ks = [key(kinds[0]) for _ in range(n)]
    elif mode == 4: ks = [key(4) for _ in range(n)]
    else: ks = [tuple(key(k) for k in kinds[:r.randrange(1, 5)]) for _ in range(n)]
    items = list(enumerate(ks))
    out = sorted(items, key=lambda p: p[1], reverse=trial % 2 == 1)
    h = (h * 31 + sum((i + 1) * p[0] for i, p in enumerate(out))) % 1000003
    s = sorted(ks)
    h = (h * 31 + sum(map(ord, repr(s)))) % 1000003
print(h)
alphabet = " \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u1680\u2003\u2028\u2029\u3000aZéÀßΣſ€😀.,!x"
for trial in range(4000):
    t = "".join(r.choice(alphabet) for _ in range(r.randrange(40)))
    parts = [t.split(), t.split(None, r.randrange(4)), t.splitlines(), t.splitlines(True), t.lower(), t.upper(), t.casefold(),
             t.strip(), t.strip(".,!x"), t.strip("é. "), t.rsplit(), t.split("a"), t.title(), t.swapcase(), t[::2], len(t)]
    h = (h * 31 + sum(map(ord, repr(parts)))) % 1000003
print(h)
for trial in range(6000):
    v = r.uniform(-1, 1) * 10.0 ** r.randrange(-25, 25)
    if trial % 3 == 0: v = r.randrange(-4000, 4000) / 2 ** r.randrange(8)
    p = r.randrange(25)
    t = [f"{v:.{p}f}", f"{v:.2f}", f"{v:8.1f}", f"{v:+.3f}", f"{v:,.2f}", repr(round(v, r.randrange(-3, 24))), repr(float(f"{v:.{p}f}")), repr(v), "%.3f" % v, f"{v:.1%}"]
    h = (h * 31 + sum(map(ord, repr(t)))) % 1000003
print(h)
d = {}
for trial in range(20000):
    k = "".join(r.choice("abcé") for _ in range(r.randrange(19)))
    d[k] = d.get(k, 0) + 1
    if trial % 3 == 0: d.pop("".join(r.choice("abcé") for _ in range(r.randrange(4))), None)
print(len(d), sum(d.values()), hash(tuple(sorted(d.values()))))
