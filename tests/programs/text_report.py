"""Word statistics and a justified text: strings, slices, sets, formatting."""

TEXT = """It was the best of times, it was the worst of times, it was the age of wisdom,
it was the age of foolishness, it was the epoch of belief, it was the epoch of incredulity.

Whoever counts words learns soon: hyphens (well-known troublemakers!), apostrophes - don't ask -
and capital Letters decide what a WORD is. Grüße aus Köln, naïve café, Ærø, straße: 100% "real"."""


def words(text):
    word = []
    for c in text.lower():
        if c.isalpha() or (c in "'-" and word):
            word.append(c)
        elif word:
            yield "".join(word).rstrip("'-")
            word = []
    if word:
        yield "".join(word).rstrip("'-")


def justify(text, width):
    line, used = [], 0
    for word in text.split():
        if used + len(line) + len(word) > width:
            gaps = len(line) - 1
            spare = width - used
            out = line[0]
            for i, w in enumerate(line[1:]):
                share = spare // gaps + (1 if i < spare % gaps else 0)
                out += " " * share + w
            yield out
            line, used = [], 0
        line.append(word)
        used += len(word)
    if line:
        yield " ".join(line)


def caesar(text, by):
    out = []
    for c in text:
        if "a" <= c <= "z":
            out.append(chr((ord(c) - 97 + by) % 26 + 97))
        elif "A" <= c <= "Z":
            out.append(chr((ord(c) - 65 + by) % 26 + 65))
        else:
            out.append(c)
    return "".join(out)


def runs(text):
    i = 0
    while i < len(text):
        j = i
        while j < len(text) and text[j] == text[i]:
            j += 1
        yield text[i], j - i
        i = j


def main():
    table = {}
    for w in words(TEXT):
        table[w] = table.get(w, 0) + 1
    ranked = sorted(table.items(), key=lambda kv: (-kv[1], kv[0]))
    print(f"{len(table)} words, {sum(table.values())} in all")
    for w, n in ranked[:6]:
        print(f"{w:.<12}{n:>3d} {'#' * n:<10}|{n / len(table):8.2%}")
    print(sorted(w for w in table if not w.isascii()))
    for line in justify(TEXT, 44):
        print("|" + line.ljust(44) + "|")
    secret = caesar("The Quick Brown Fox", 13)
    print(secret, caesar(secret, -13), sep=" / ")
    print("".join(f"{c}{n}" for c, n in runs("aaabccdddd")))
    print("straße".upper(), "ÆRØ".lower(), "naïve".title(), "ǅ".swapcase(), "İ".lower() == "i̇")
    s = "hello world"
    print(s[::-1], s[2:-2:3], s[-3:], s.find("o", 5), s.count("l"), s.replace("l", "L", 2))
    print(s.partition(" "), s.rpartition("o"), "a,b,,c".split(","), " a  b ".split(), "x".join("abc"))
    print("%-8s|%5.1f|%03d|%x|%r|%%" % ("name", 3.14159, 7, 255, "q"))
    print("{0!r:>8}|{1:^9}|{2:+.2e}|{name}".format("a", "mid", 12345.678, name=[1]))
    print(f"{1234567.891:,.2f} {255:#x} {5:08b} {-3:=+5d} {True!s:>6} {None} {1e100} {0.1 + 0.2}")
    vowels = set("aeiou")
    print(sorted(vowels & set(s)), sorted(set(s) - vowels - {" "}), vowels >= {"a"}, {"a"} | {"b"} == {"b", "a"})
    print("tab\tnew\nline\\ 'q' \"d\" \x07é€😀".encode("unicode_escape" if False else "utf-8"))
    print(repr("tab\tnew\n'q' \x07é€😀\u200b"), ascii("é€😀"))
    print("a1b22".isalnum(), "12".isdigit(), "".isalpha(), "Ab".istitle(), "ab".islower(), " \t".isspace())
    print(max(table, key=len), min(table, key=lambda w: (len(w), w)), "z" > "Z", "é" > "z")


main()
