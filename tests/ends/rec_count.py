def f(n):
    global d
    d = n
    f(n+1)
d = 0
try:
    f(0)
except RecursionError as e:
    print(e, 900 < d < 1000)
