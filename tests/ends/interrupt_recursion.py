# interrupt: ready
# Calls without a loop are interrupted as well.


def paths(depth):
    return 1 if depth == 0 else paths(depth - 1) + paths(depth - 1)


def main():
    print("ready", flush=True)
    try:
        print(paths(200))
    except KeyboardInterrupt:
        print("interrupted", paths(10))


main()
