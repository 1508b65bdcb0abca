import sys
sys.setrecursionlimit(10**6)
def g(n):
    if n: yield from g(n-1)
    else: yield 1
try: print(list(g(10**5)))
except RecursionError as e: print("RecursionError", e)
def h(n):
    if n:
        for x in h(n-1): yield x
    else: yield 1
try: print(list(h(10**5)))
except RecursionError as e: print("RecursionError", e)
