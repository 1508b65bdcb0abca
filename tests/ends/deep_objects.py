# engines-only
import sys
a = []
for i in range(10**5): a = [a]
for f in (repr, str, lambda x: x == x[0], hash, lambda x: x < [[]], lambda x: tuple(x) == tuple([x])):
    try:
        f(a); print("ok")
    except RecursionError as e:
        print("RecursionError")
    except TypeError as e:
        print(e)
b = []
for i in range(10**5): b = [b]
try:
    print(a == b)
except RecursionError as e:
    print("RecursionError", e)
d = {}
for i in range(10**5): d = {1: d}
try: repr(d)
except RecursionError as e: print("RecursionError", e)
del d, a, b
class N: pass
n = N()
for i in range(10**6):
    m = N(); m.next = n; n = m
del n, m
class S:
    __slots__ = ("next",)
    def __init__(self, n): self.next = n
n = None
for i in range(10**6): n = S(n)
del n
f = None
for i in range(10**5):
    def g(f=f): return f
    f = g
del f, g
def mk(x): return lambda: x
c = None
for i in range(10**5): c = mk(c)
del c
def gen(x): yield x
g = None
for i in range(10**5):
    g2 = gen(g); next(g2); g = g2
del g, g2
e = None
for i in range(10**5):
    try: raise ValueError(i) from e
    except ValueError as x: e = x
del e
p = int
import functools
for i in range(10**5): p = functools.partial(p)
q = len
print("done")
