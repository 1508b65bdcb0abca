"""A small search engine: inverted index with positions, boolean and phrase queries, tf-idf ranking."""
import math
import string
from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from functools import lru_cache
from itertools import chain, groupby, islice, pairwise

DOCUMENTS = {
    "tea": "Tea is a drink. Green tea and black tea are both made from the leaves of the tea plant.",
    "coffee": "Coffee is a brewed drink made from roasted beans. Black coffee has no milk.",
    "milk": "Milk is a white liquid; cows make milk. People add milk to black tea or to coffee.",
    "garden": "The garden has green plants, green grass and a small plant with white flowers.",
    "cows": "Cows eat green grass. A cow that eats grass makes milk.",
    "empty": "",
    "odd": "Don't panic -- it's 42! Naïve café, ÜBER-cool; e-mail me@example.com",
}
STOP = frozenset("a an and are is of or that the to with has from no both".split())


def words(text):
    current = []
    for ch in text.casefold():
        if ch.isalnum() or (ch == "'" and current):
            current.append(ch)
        elif current:
            yield "".join(current).strip("'")
            current.clear()
    if current:
        yield "".join(current).strip("'")


@lru_cache(maxsize=64)
def stem(word):
    for ending, least in (("ing", 5), ("ies", 4), ("es", 5), ("ed", 5), ("s", 3)):
        if word.endswith(ending) and len(word) > least and not word.endswith("ss"):
            return word[:-len(ending)] + ("y" if ending == "ies" else "")
    return word


class Index:
    def __init__(self):
        self.postings = defaultdict(lambda: defaultdict(list))
        self.lengths = {}
        self.vocabulary = []

    def add(self, name, text):
        if name in self.lengths:
            raise KeyError(f"{name} indexed already")
        count = 0
        for position, word in enumerate(words(text)):
            if word in STOP:
                continue
            term = stem(word)
            if term not in self.postings:
                insort(self.vocabulary, term)
            self.postings[term][name].append(position)
            count += 1
        self.lengths[name] = count

    def remove(self, name):
        del self.lengths[name]
        for term in [t for t, where in self.postings.items() if name in where]:
            del self.postings[term][name]
            if not self.postings[term]:
                del self.postings[term]
                del self.vocabulary[bisect_left(self.vocabulary, term)]

    def having(self, word):
        term = stem(word.casefold())
        return set(self.postings[term]) if term in self.postings else set()

    def prefix(self, start):
        low = bisect_left(self.vocabulary, start)
        high = bisect_right(self.vocabulary, start + "\uffff")
        return self.vocabulary[low:high]

    def phrase(self, text):
        terms = [(i, stem(w)) for i, w in enumerate(words(text)) if w not in STOP]
        if not terms or any(t not in self.postings for _, t in terms):
            return []
        found = []
        for name in set.intersection(*(set(self.postings[t]) for _, t in terms)):
            starts = [{p - i for p in self.postings[t][name]} for i, t in terms]
            if hits := set.intersection(*starts):
                found.append((name, sorted(hits)))
        return sorted(found)

    def idf(self, term):
        return math.log((1 + len(self.lengths)) / (1 + len(self.postings.get(term, ())))) + 1

    def rank(self, query):
        scores = Counter()
        for term, times in Counter(map(stem, words(query))).items():
            for name, positions in self.postings.get(term, {}).items():
                weight = (1 + math.log(len(positions))) * self.idf(term) * times
                scores[name] += weight / math.sqrt(self.lengths[name])
        return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


class Query:
    """Grammar: or-list of and-list of [-]word; combined with set operators."""

    def __init__(self, index):
        self.index = index
        self.everything = set(index.lengths)

    def run(self, text):
        out = set()
        for alternative in text.split("|"):
            found = set(self.everything)
            for word in alternative.split():
                negative = word.startswith("-")
                bare = word.lstrip("-")
                if bare.endswith("*"):
                    names = set(chain.from_iterable(self.index.postings[t] for t in self.index.prefix(bare[:-1])))
                else:
                    names = self.index.having(bare)
                if negative:
                    found -= names
                else:
                    found &= names
            out |= found
        return sorted(out)


def snippet(text, wanted, width=34):
    lowered = text.lower()
    at = lowered.find(wanted)
    if at < 0:
        return text[:width].rstrip()
    start = max(0, at - width // 3)
    piece = text[start:start + width]
    piece = piece.replace(text[at:at + len(wanted)], text[at:at + len(wanted)].upper())
    return ("..." if start else "") + piece.strip(string.whitespace + string.punctuation) + "..."


def main():
    index = Index()
    for name, text in DOCUMENTS.items():
        index.add(name, text)
    try:
        index.add("tea", "again")
    except KeyError as error:
        print(error, error.args)
    print(len(index.vocabulary), index.vocabulary)
    print(index.lengths)
    for first, group in groupby(index.vocabulary, key=lambda t: t[0]):
        print(first, *group)
    print({name: list(p) for name, p in index.postings["green"].items()})
    print(list(words(DOCUMENTS["odd"])))

    query = Query(index)
    for text in ["tea", "green grass", "milk -coffee", "black | garden", "pl*", "-tea -milk", "caf* | beans", "zzz"]:
        print(f"{text:<16}", query.run(text))
    for text in ["green grass", "black tea", "plant of the tea", "tea plant", "milk to black tea", "made from the leaves", "x y", "the"]:
        print(f"{text!r:<24}", index.phrase(text))
    for text in ["milk", "green tea", "black coffee milk", "cow cow grass", "nothing here"]:
        ranked = index.rank(text)
        print(f"{text}:", ", ".join(f"{name} {score:.4f}" for name, score in ranked) or "no match")
    for name, _ in islice(index.rank("grass plant"), 3):
        print(f"{name:>8}", snippet(DOCUMENTS[name], "grass"), "/", snippet(DOCUMENTS[name], "plant"))

    pairs = Counter()
    for text in DOCUMENTS.values():
        pairs.update(pairwise(w for w in words(text) if w not in STOP))
    print(sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:5])

    before = len(index.vocabulary)
    for gone in "odd", "empty", "garden":
        index.remove(gone)
    print(before, len(index.vocabulary), index.prefix("c"), index.phrase("white flowers"))
    try:
        index.remove("odd")
    except KeyError as error:
        print(repr(error))
    info = stem.cache_info()
    print(info.hits > info.misses, info.maxsize, info.currsize == min(64, info.misses))
    vowels = Counter(c for t in index.vocabulary for c in t if c in "aeiou")
    print(dict(sorted(vowels.items())), (vowels - Counter("aaaa"))["a"] == vowels["a"] - 4, +Counter(a=-1, b=2))


main()
