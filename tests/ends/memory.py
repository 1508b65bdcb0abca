for f in (lambda: [0] * 10**15, lambda: "a" * 10**15, lambda: bytearray(10**15), lambda: b"a" * 2**62, lambda: (0,) * 2**62, lambda: 2**62 * "ab", lambda: list(range(2**63)), lambda: "a".ljust(2**62), lambda: "a".center(10**14), lambda: b"".zfill(10**14), lambda: list(range(10**15)), lambda: (1).to_bytes(10**15), lambda: format(1, "1000000000000000"), lambda: "%*d" % (10**9*3, 1), lambda: bytes(10**14), lambda: [1].__imul__(10**16)):
    try: f(); print("ok")
    except (MemoryError, OverflowError) as e: print(type(e).__name__, e)
