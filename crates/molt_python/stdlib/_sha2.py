"""SHA-512 (FIPS 180-4) for seeds of `random`."""

_MASK = (1 << 64) - 1


def _primes(count):
    found = []
    n = 2
    while len(found) < count:
        if all(n % p for p in found):
            found.append(n)
        n += 1
    return found


def _root_bits(n, power):
    """First 64 bits of the fractional part of the root of `n`, by integer search."""
    target = n << (64 * power)
    low, high = 0, 1 << 70
    while low < high:
        middle = (low + high + 1) >> 1
        if middle ** power <= target:
            low = middle
        else:
            high = middle - 1
    return low & _MASK


_START = [_root_bits(p, 2) for p in _primes(8)]
_ROUND = [_root_bits(p, 3) for p in _primes(80)]


def _rotate(x, n):
    return (x >> n | x << (64 - n)) & _MASK


def _compress(state, block):
    w = [int.from_bytes(block[i:i + 8], 'big') for i in range(0, 128, 8)]
    for i in range(16, 80):
        a, b = w[i - 15], w[i - 2]
        s0 = _rotate(a, 1) ^ _rotate(a, 8) ^ a >> 7
        s1 = _rotate(b, 19) ^ _rotate(b, 61) ^ b >> 6
        w.append((w[i - 16] + s0 + w[i - 7] + s1) & _MASK)
    a, b, c, d, e, f, g, h = state
    for i in range(80):
        s1 = _rotate(e, 14) ^ _rotate(e, 18) ^ _rotate(e, 41)
        t1 = h + s1 + (e & f ^ ~e & _MASK & g) + _ROUND[i] + w[i]
        s0 = _rotate(a, 28) ^ _rotate(a, 34) ^ _rotate(a, 39)
        t2 = s0 + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (t1 + t2) & _MASK, a, b, c, (d + t1) & _MASK, e, f, g
    return [(x + y) & _MASK for x, y in zip(state, (a, b, c, d, e, f, g, h))]


class sha512:
    """Digest of bytes that are all there at once or come by `update`."""

    name = 'sha512'
    digest_size = 64
    block_size = 128

    def __init__(self, data=b''):
        self._data = bytes(data)

    def update(self, data):
        self._data += bytes(data)

    def copy(self):
        return sha512(self._data)

    def digest(self):
        data = self._data
        padding = b'\x80' + bytes((111 - len(data)) % 128)
        data += padding + (len(data) * 8).to_bytes(16, 'big')
        state = _START
        for i in range(0, len(data), 128):
            state = _compress(state, data[i:i + 128])
        return b''.join(x.to_bytes(8, 'big') for x in state)

    def hexdigest(self):
        return self.digest().hex()
