"""A trie: insertion, deletion, completion by weight, wildcards, fuzzy search, a mapping interface."""
import heapq
from collections import deque
from collections.abc import Iterator, MutableMapping
from itertools import islice
from typing import Optional


class Node:
    __slots__ = ("children", "weight", "value", "best")
    created = 0

    def __init__(self):
        self.children: dict[str, "Node"] = {}
        self.weight: Optional[int] = None
        self.value = None
        self.best = 0
        Node.created += 1

    def __bool__(self):
        return self.weight is not None or bool(self.children)


class Trie(MutableMapping):
    """Maps words to values; every word also has a weight for ranking."""

    def __init__(self, words=()):
        self.root = Node()
        self.size = 0
        for word in words:
            self[word] = len(word)

    def find(self, prefix) -> Optional[Node]:
        node = self.root
        for ch in prefix:
            node = node.children.get(ch)
            if node is None:
                return None
        return node

    def insert(self, word, value, weight=1):
        if not isinstance(word, str):
            raise TypeError(f"words are str, not {type(word).__name__}")
        if not word:
            raise ValueError("empty word")
        node = self.root
        path = [node]
        for ch in word:
            node = node.children.setdefault(ch, None) or node.children.__setitem__(ch, Node()) or node.children[ch]
            path.append(node)
        if node.weight is None:
            self.size += 1
        node.weight, node.value = weight, value
        for step in reversed(path):
            step.best = max([step.weight or 0] + [c.best for c in step.children.values()])

    def __setitem__(self, word, value):
        node = self.find(word) if isinstance(word, str) else None
        self.insert(word, value, node.weight if node and node.weight else 1)

    def __getitem__(self, word):
        node = self.find(word)
        if node is None or node.weight is None:
            raise KeyError(word)
        return node.value

    def __delitem__(self, word):
        def remove(node, depth):
            if depth == len(word):
                if node.weight is None:
                    raise KeyError(word)
                node.weight = node.value = None
            else:
                child = node.children.get(word[depth])
                if child is None:
                    raise KeyError(word)
                remove(child, depth + 1)
                if not child:
                    del node.children[word[depth]]
            node.best = max([node.weight or 0] + [c.best for c in node.children.values()])
        remove(self.root, 0)
        self.size -= 1

    def __len__(self):
        return self.size

    def __iter__(self) -> Iterator[str]:
        return self.below("")

    def below(self, prefix):
        node = self.find(prefix)
        if node is None:
            return
        if node.weight is not None:
            yield prefix
        for ch in sorted(node.children):
            yield from self.below_node(node.children[ch], prefix + ch)

    def below_node(self, node, word):
        if node.weight is not None:
            yield word
        for ch, child in sorted(node.children.items(), key=lambda item: item[0]):
            yield from self.below_node(child, word + ch)

    def complete(self, prefix, limit=3):
        """The heaviest words first; expands only the branches that may matter."""
        start = self.find(prefix)
        if start is None:
            return []
        heap = [(-start.best, prefix, False)]
        found = []
        while heap and len(found) < limit:
            weight, word, final = heapq.heappop(heap)
            if final:
                found.append((word, -weight))
                continue
            node = self.find(word)
            if node.weight is not None:
                heapq.heappush(heap, (-node.weight, word, True))
            for ch, child in node.children.items():
                heapq.heappush(heap, (-child.best, word + ch, False))
        return found

    def match(self, pattern):
        """? is one letter, * any number."""
        out = set()

        def go(node, word, rest):
            if not rest:
                if node.weight is not None:
                    out.add(word)
                return
            head, tail = rest[0], rest[1:]
            if head == "*":
                go(node, word, tail)
                for ch, child in node.children.items():
                    go(child, word + ch, rest)
            else:
                for ch, child in node.children.items():
                    if head in ("?", ch):
                        go(child, word + ch, tail)
        go(self.root, "", pattern)
        return sorted(out)

    def fuzzy(self, word, distance):
        """Levenshtein rows carried down the trie."""
        results = []
        stack = [(self.root, "", list(range(len(word) + 1)))]
        while stack:
            node, prefix, row = stack.pop()
            if node.weight is not None and row[-1] <= distance:
                results.append((row[-1], prefix))
            for ch, child in node.children.items():
                new = [row[0] + 1]
                for i, letter in enumerate(word, 1):
                    new.append(min(new[-1] + 1, row[i] + 1, row[i - 1] + (letter != ch)))
                if min(new) <= distance:
                    stack.append((child, prefix + ch, new))
        return sorted(results)

    def longest_prefix(self, text):
        node, best = self.root, None
        for i, ch in enumerate(text, 1):
            if (node := node.children.get(ch)) is None:
                break
            if node.weight is not None:
                best = text[:i]
        return best

    def stats(self):
        queue, levels = deque([(self.root, 0)]), []
        while queue:
            node, depth = queue.popleft()
            if depth == len(levels):
                levels.append(0)
            levels[depth] += 1
            queue.extend((child, depth + 1) for child in node.children.values())
        return levels

    def render(self, node=None, indent=0):
        node = node or self.root
        for ch, child in sorted(node.children.items()):
            label = ch
            while len(child.children) == 1 and child.weight is None:
                (ch, child), = child.children.items()
                label += ch
            yield "  " * indent + label + (f" *{child.weight}" if child.weight is not None else "")
            yield from self.render(child, indent + 1) if child.children else ()


WORDS = """car 12,card 5,care 9,careful 3,cart 7,cat 20,catalog 4,dog 15,dot 2,do 30,done 8,
door 6,ca 1,über 3,übung 2,naïve 1,zebra 1"""


def segment(trie, text):
    pieces = []
    while text:
        word = trie.longest_prefix(text) or text[0]
        pieces.append(word)
        text = text[len(word):]
    return pieces


def main():
    trie = Trie()
    for item in WORDS.replace("\n", "").split(","):
        word, weight = item.split()
        trie.insert(word, word.upper(), int(weight))
    print(len(trie), list(trie))
    print("\n".join(trie.render()))
    for prefix in "ca", "car", "do", "ü", "x", "":
        print(repr(prefix), trie.complete(prefix), list(trie.below(prefix))[:4])
    for pattern in "ca?", "*t*", "d*e", "????", "c*r*", "?":
        print(pattern, trie.match(pattern))
    for word, distance in ("cra", 1), ("cart", 1), ("dotr", 2), ("naive", 1), ("q", 0):
        print(word, distance, trie.fuzzy(word, distance))
    print(segment(trie, "carefulcatsdodoordogma"), trie.longest_prefix("nothing"), trie.stats())

    print("car" in trie, "cards" in trie, "c" in trie, trie.get("dog"), trie.get("dig", "none"))
    print(trie.pop("careful"), trie.pop("careful", None), trie.setdefault("cow", "moo"), trie.setdefault("dog", "woof"))
    trie.update({"cat": "Tom"}, dot="Period")
    print(trie["cat"], trie["dot"], trie.complete("ca", 2), trie.find("caref"), len(trie))
    for word in "care", "do", "cat":
        del trie[word]
    print(list(islice(trie.items(), 4)), sum(map(len, trie.values())), trie.complete("d"), trie.complete("ca"))
    for attempt in (lambda: trie["do"], lambda: trie.__delitem__("dogs"), lambda: trie.__delitem__("ca" * 2),
                    lambda: trie.insert("", 1), lambda: trie.insert(7, 1), lambda: hash(trie)):
        try:
            attempt()
        except (KeyError, ValueError, TypeError) as error:
            print(type(error).__name__, error)
    print(Trie(["b", "a"]) == {"a": 1, "b": 1}, Trie(["b"]) == Trie(["c"]), sorted(Trie(["x", "y"]).keys() | {"z"}))
    trie.clear()
    print(len(trie), list(trie), bool(trie), bool(trie.root), Node.created)


main()
