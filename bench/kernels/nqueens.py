def safe(queen, distance, placed):
    while placed is not None:
        q, placed = placed
        if q == queen or q == queen + distance or q == queen - distance:
            return False
        distance += 1
    return True


def place(row, size, placed):
    if row == 0:
        return 1
    count = 0
    for queen in range(1, size + 1):
        if safe(queen, 1, placed):
            count += place(row - 1, size, (queen, placed))
    return count


print(place(12, 12, None))
