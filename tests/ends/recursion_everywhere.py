# engines-only
import sys
class A:
    def __eq__(self, o): return self == o
    def __lt__(self, o): return sorted([o, self])
    def __getattr__(self, n): return getattr(self, n + "x")
    def __hash__(self): return hash(self)
    def __str__(self): return str(self)
    def __bool__(self): return not self
    def __len__(self): return len(self)
    def __iter__(self): return iter(list(self))
    def __add__(self, o): return self + o
    def __call__(self): return self()
    def __getitem__(self, i): return self[i]
    def __contains__(self, i): return i in self
    def __format__(self, i): return format(self, i)
    def __index__(self): return [1][self]
    def __int__(self): return int(self)
    def __enter__(self):
        with self: pass
    def __exit__(self, *a): pass
    def __next__(self): return next(self)
    def __setattr__(self, n, v): setattr(self, n, v)
    def __get__(self, a, b): return self.__get__(a, b)
    def __del__(self): pass
import operator
def m(f):
    return list(map(f, [f]))
def key(x): return sorted([1, 2], key=key)
def gen(x): yield from gen(x)
tests = [
 lambda a: a == a.__class__(), lambda a: sorted([a, A()]), lambda a: a.foo, lambda a: hash(a), lambda a: str(a),
 lambda a: bool(a), lambda a: len(a), lambda a: list(a), lambda a: a + 1, lambda a: a(), lambda a: a[0],
 lambda a: 1 in a, lambda a: f"{a}", lambda a: [1][a], lambda a: int(a), lambda a: a.__enter__(), lambda a: next(a),
 lambda a: setattr(a, "x", 1), lambda a: key(1), lambda a: list(gen(1)), lambda a: max([a, A()]), lambda a: {a: 1},
 lambda a: print(a), lambda a: min([1,2], key=key), lambda a: list(map(key, [1])), lambda a: list(filter(key, [1])),
 lambda a: "%s" % a, lambda a: "{}".format(a), lambda a: any(x for x in a), lambda a: all(map(bool, [a])),
 lambda a: isinstance(1, a), lambda a: m(m),
]
for limit in (1000, 20000):
    sys.setrecursionlimit(limit)
    for i, t in enumerate(tests):
        try:
            t(A())
            r = "none"
        except RecursionError as e:
            r = "RecursionError"
        except TypeError as e:
            r = "TypeError"
        print(limit, i, r)
