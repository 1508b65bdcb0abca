# interrupt: ready
def numbers():
    n = 0
    try:
        while True:
            yield n
            n += 1
    finally:
        print("closed")
print("ready", flush=True)
try:
    for n in numbers(): pass
except KeyboardInterrupt:
    print("interrupted")
