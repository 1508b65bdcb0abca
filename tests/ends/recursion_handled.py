import sys
def down(n):
    try:
        return down(n + 1)
    except RecursionError:
        return n
first = down(0)
print(first > 900, down(0) == first)
sys.setrecursionlimit(50_000)
print(down(0) > 49_000)
sys.setrecursionlimit(1000)
def wide(n):
    a, b, c, d = n, n + 1, n + 2, n + 3
    return wide(n + 1) + a + b + c + d
for _ in range(3):
    try: wide(0)
    except RecursionError as e: print(e)
try: sys.setrecursionlimit(0)
except ValueError as e: print(e)
try: sys.setrecursionlimit(2**31)
except OverflowError as e: print(e)
def deep(n):
    if n: return deep(n - 1)
    sys.setrecursionlimit(10)
try: deep(20)
except RecursionError as e: print(str(e).split(" at ")[0])
