# engines-only
t = ()
for i in range(10**6): t = (t,)
try: hash(t)
except RecursionError as e: print("RecursionError")
del t
it = iter([1])
for i in range(10**5): it = map(str, it)
try: print(len(list(it)))
except RecursionError as e: print("RecursionError")
del it
import itertools
it = iter([1])
for i in range(10**5): it = itertools.chain(it, [])
try: print(len(list(it)))
except RecursionError as e: print("RecursionError")
del it
it = iter([1])
for i in range(10**5): it = (x for x in it)
try: print(len(list(it)))
except RecursionError as e: print("RecursionError")
del it
f = int
import functools
for i in range(10**5):
    f = functools.partial(f) if i % 2 else (lambda f: lambda x: f(x))(f)
try: print(f("1"))
except RecursionError as e: print("RecursionError")
del f
import sys
sys.setrecursionlimit(2**31 - 1)
def f(n): return f(n + 1)
try: f(0)
except RecursionError as e: print(e)
