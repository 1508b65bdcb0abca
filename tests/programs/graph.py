"""Graph algorithms: breadth first, shortest paths, topological order, components, with a heap of its own."""


class Heap:
    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)
        i = len(self.items) - 1
        while i and self.items[i] < self.items[(i - 1) // 2]:
            parent = (i - 1) // 2
            self.items[i], self.items[parent] = self.items[parent], self.items[i]
            i = parent

    def pop(self):
        top = self.items[0]
        last = self.items.pop()
        if self.items:
            self.items[0] = last
            self._down(0)
        return top

    def _down(self, i):
        n = len(self.items)
        while True:
            small = i
            for child in (2 * i + 1, 2 * i + 2):
                if child < n and self.items[child] < self.items[small]:
                    small = child
            if small == i:
                return
            self.items[i], self.items[small] = self.items[small], self.items[i]
            i = small

    def __bool__(self):
        return bool(self.items)


class Graph:
    def __init__(self, edges=()):
        self.out = {}
        for a, b, weight in edges:
            self.add(a, b, weight)

    def add(self, a, b, weight=1):
        self.out.setdefault(a, []).append((b, weight))
        self.out.setdefault(b, [])

    def breadth_first(self, start):
        seen = {start}
        layer = [start]
        while layer:
            yield sorted(layer)
            following = []
            for node in layer:
                for other, _ in self.out[node]:
                    if other not in seen:
                        seen.add(other)
                        following.append(other)
            layer = following

    def shortest(self, start, goal):
        heap = Heap()
        heap.push((0, start, ()))
        done = set()
        while heap:
            cost, node, path = heap.pop()
            if node in done:
                continue
            done.add(node)
            path = path + (node,)
            if node == goal:
                return cost, path
            for other, weight in self.out[node]:
                if other not in done:
                    heap.push((cost + weight, other, path))
        return None

    def topological(self):
        state = dict.fromkeys(self.out, 0)
        order = []

        def visit(node):
            if state[node] == 1:
                raise ValueError(f"cycle through {node}")
            if state[node] == 0:
                state[node] = 1
                for other, _ in self.out[node]:
                    visit(other)
                state[node] = 2
                order.append(node)

        for node in self.out:
            visit(node)
        return order[::-1]

    def components(self):
        parent = {n: n for n in self.out}

        def find(n):
            while parent[n] != n:
                parent[n] = parent[parent[n]]
                n = parent[n]
            return n

        for a, targets in self.out.items():
            for b, _ in targets:
                parent[find(a)] = find(b)
        groups = {}
        for n in self.out:
            groups.setdefault(find(n), []).append(n)
        return sorted(sorted(g) for g in groups.values())


def grid(size):
    g = Graph()
    for y in range(size):
        for x in range(size):
            if x + 1 < size:
                g.add((x, y), (x + 1, y), (x * 7 + y * 3) % 5 + 1)
            if y + 1 < size:
                g.add((x, y), (x, y + 1), (x * 5 + y * 11) % 7 + 1)
    return g


def main():
    roads = Graph([("a", "b", 7), ("a", "c", 9), ("a", "f", 14), ("b", "c", 10), ("b", "d", 15),
                   ("c", "d", 11), ("c", "f", 2), ("d", "e", 6), ("f", "e", 9), ("x", "y", 1)])
    print(list(roads.breadth_first("a")))
    print(roads.shortest("a", "e"))
    print(roads.shortest("e", "a"))
    print(roads.topological())
    print(roads.components())
    roads.add("e", "a")
    try:
        roads.topological()
    except ValueError as e:
        print(e)
    g = grid(20)
    cost, path = g.shortest((0, 0), (19, 19))
    print(cost, len(path), path[:3], path[-1])
    print(len(g.components()), sum(1 for _ in g.breadth_first((0, 0))))


main()
