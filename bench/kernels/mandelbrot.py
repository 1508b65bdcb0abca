SIZE = 800
STEPS = 50


def inside(cr, ci):
    zr, zi, n = 0.0, 0.0, 0
    while n < STEPS:
        if zr * zr + zi * zi > 4.0:
            return False
        zr, zi, n = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci, n + 1
    return True


def row(y):
    count = 0
    for x in range(SIZE):
        if inside(3.0 * x / SIZE - 2.0, 3.0 * y / SIZE - 1.5):
            count += 1
    return count


count = 0
for y in range(SIZE):
    count += row(y)
print(count)
