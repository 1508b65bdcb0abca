"""Locks of a program with one thread.

Only what library modules need of them exists; threads themselves do not.
"""

TIMEOUT_MAX = 9223372036.0

error = RuntimeError


def get_ident():
    """The identifier of the running thread."""
    return 1


def get_native_id():
    """The identifier of the running thread that the system uses."""
    import posix
    return posix.getpid()


class LockType:
    """A lock that a second `acquire` would wait for without end."""

    __slots__ = ('_locked', '__weakref__')

    def __init__(self):
        self._locked = False

    def acquire(self, blocking=True, timeout=-1):
        if self._locked:
            if blocking and timeout < 0:
                raise RuntimeError('deadlock: the lock is held by the only thread')
            return False
        self._locked = True
        return True

    def release(self):
        if not self._locked:
            raise RuntimeError('release unlocked lock')
        self._locked = False

    def locked(self):
        return self._locked

    def __enter__(self):
        return self.acquire()

    def __exit__(self, kind, value, traceback):
        self.release()


class RLock:
    """A lock that its owner may take again."""

    __slots__ = ('_count', '__weakref__')

    def __init__(self):
        self._count = 0

    def acquire(self, blocking=True, timeout=-1):
        self._count += 1
        return True

    def release(self):
        if not self._count:
            raise RuntimeError('cannot release un-acquired lock')
        self._count -= 1

    def locked(self):
        return self._count > 0

    def __enter__(self):
        return self.acquire()

    def __exit__(self, kind, value, traceback):
        self.release()


def allocate_lock():
    """A new lock."""
    return LockType()


lock = LockType
allocate = allocate_lock
