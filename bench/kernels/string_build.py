def line(n):
    return "line " + str(n) + ": " + str(n * n) + " is the square, " + "done".upper()


def block(start):
    return "\n".join([line(n) for n in range(start, start + 100)])


def run(n):
    total = 0
    for i in range(n):
        text = block(i * 100)
        total += len(text) + len(text.split("\n"))
    return total


print(run(7500))
