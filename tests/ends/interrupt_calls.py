# interrupt: ready
def f(n): return n if n < 2 else f(n - 1) + f(n - 2)
print("ready", flush=True)
try:
    while True: f(20)
except KeyboardInterrupt:
    print("interrupted")
