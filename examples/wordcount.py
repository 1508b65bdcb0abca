"""Counts the words of a file: `wordcount.py FILE`."""
import sys


def count(path):
    table = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            for word in line.lower().split():
                word = word.strip(".,:;!?()[]`'\"")
                if word:
                    table[word] = table.get(word, 0) + 1
    return table


def main():
    if len(sys.argv) != 2:
        print("usage: wordcount.py FILE", file=sys.stderr)
        sys.exit(2)
    table = count(sys.argv[1])
    for word, n in sorted(table.items(), key=lambda item: (-item[1], item[0]))[:10]:
        print(f"{n:6d}  {word}")
    print(f"{sum(table.values()):6d}  words, {len(table)} different")


if __name__ == "__main__":
    main()
