"""A least-recently-used cache on a doubly linked list, with statistics, and a function decorator."""


class Node:
    __slots__ = ("key", "value", "before", "after")

    def __init__(self, key, value):
        self.key = key
        self.value = value
        self.before = self.after = None


class Cache:
    def __init__(self, capacity):
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self.capacity = capacity
        self.table = {}
        self.head = Node(None, None)
        self.tail = Node(None, None)
        self.head.after = self.tail
        self.tail.before = self.head
        self.hits = self.misses = 0

    def _unlink(self, node):
        node.before.after = node.after
        node.after.before = node.before

    def _push(self, node):
        node.after = self.head.after
        node.before = self.head
        self.head.after.before = node
        self.head.after = node

    def __getitem__(self, key):
        node = self.table.get(key)
        if node is None:
            self.misses += 1
            raise KeyError(key)
        self.hits += 1
        self._unlink(node)
        self._push(node)
        return node.value

    def __setitem__(self, key, value):
        node = self.table.get(key)
        if node is not None:
            node.value = value
            self._unlink(node)
        else:
            node = Node(key, value)
            self.table[key] = node
            if len(self.table) > self.capacity:
                last = self.tail.before
                self._unlink(last)
                del self.table[last.key]
        self._push(node)

    def __contains__(self, key):
        return key in self.table

    def __len__(self):
        return len(self.table)

    def __iter__(self):
        node = self.head.after
        while node is not self.tail:
            yield node.key
            node = node.after

    def __repr__(self):
        inner = ", ".join(f"{k!r}: {self.table[k].value!r}" for k in self)
        return "Cache({" + inner + "})"


def cached(capacity):
    def wrap(function):
        cache = Cache(capacity)

        def call(*args):
            try:
                return cache[args]
            except KeyError:
                result = cache[args] = function(*args)
                return result

        call.cache = cache
        return call

    return wrap


@cached(64)
def ways(steps):
    return 1 if steps < 2 else ways(steps - 1) + ways(steps - 2)


def main():
    c = Cache(3)
    for i, word in enumerate("one two three two four".split()):
        c[word] = i
    print(c, len(c), list(c))
    print(c["three"], "one" in c, "two" in c)
    try:
        c["one"]
    except KeyError as e:
        print("miss", e)
    c["five"] = 5
    print(list(c), c.hits, c.misses)
    print(ways(90), ways.cache.hits, ways.cache.misses)
    try:
        Cache(0)
    except ValueError as e:
        print(e)
    node = Node(1, 2)
    try:
        node.colour = "red"
    except AttributeError as e:
        print(e)
    order = Cache(100)
    seed = 1
    for _ in range(2000):
        seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
        key = seed >> 12 & 127
        if key in order:
            order[key] += 1
        else:
            order[key] = 1
    print(len(order), sum(order.table[k].value for k in order), next(iter(order)))


main()
