import sys
class A:
    def __repr__(self): return "A" + repr(self)
for limit in (1000, 10**6):
    sys.setrecursionlimit(limit)
    try:
        repr(A())
    except RecursionError as e:
        print("RecursionError")
