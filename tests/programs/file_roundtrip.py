"""Files: text and binary round trips, seek and tell, buffers, paths, directories, errors; all cleaned up at the end."""
import io
import os
import os.path
import sys
from collections import Counter
from contextlib import contextmanager
from itertools import batched
from operator import itemgetter

BASE = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"molt_roundtrip_{os.getpid()}")


@contextmanager
def workspace(path):
    os.mkdir(path)
    try:
        yield path
    finally:
        for folder, folders, names in os.walk(path, topdown=False):
            for name in names:
                os.remove(os.path.join(folder, name))
            for name in folders:
                os.rmdir(os.path.join(folder, name))
        os.rmdir(path)


def short(path):
    return str(path).replace(BASE, "<base>")


def crc(data, table=[]):
    if not table:
        for n in range(256):
            for _ in range(8):
                n = n >> 1 ^ (0xEDB88320 if n & 1 else 0)
            table.append(n)
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


class Records:
    """Fixed header, then length prefixed records with a checksum."""
    MAGIC = b"REC1"

    def __init__(self, path):
        self.path = path

    def write(self, items):
        with open(self.path, "wb") as out:
            out.write(self.MAGIC)
            out.write(bytes(4))
            for count, item in enumerate(items, 1):
                body = item.encode("utf-8")
                out.write(len(body).to_bytes(2, "big") + body + crc(body).to_bytes(4, "little"))
            size = out.tell()
            out.seek(4)
            out.write(count.to_bytes(4, "little"))
        return size

    def __iter__(self):
        with open(self.path, "rb") as source:
            if source.read(4) != self.MAGIC:
                raise ValueError("bad magic")
            count = int.from_bytes(source.read(4), "little")
            for number in range(count):
                at = source.tell()
                length = int.from_bytes(source.read(2), "big")
                body, check = source.read(length), source.read(4)
                if len(body) < length or crc(body) != int.from_bytes(check, "little"):
                    raise ValueError(f"record {number} at {at} is damaged")
                yield at, body.decode()


def text_files(base):
    path = os.path.join(base, "poem.txt")
    poem = "Rösen sind rot\nviolets are blue\n\nthe snake sheds its skin\nand so do you 🐍"
    with open(path, "w", encoding="utf-8") as out:
        print(out.write(poem), out.name == path, out.mode, out.closed, out.writable(), out.readable())
    print(out.closed, os.path.getsize(path), len(poem), len(poem.encode()))
    with open(path, encoding="utf-8") as source:
        print(repr(source.readline()), source.read(7), repr(source.readline()), source.readlines()[-1])
        print(repr(source.read()), source.seek(0), sum(1 for _ in source))
        source.seek(0)
        print([line.rstrip("\n")[:6] for line in source if line.strip()])
    with open(path, "a", encoding="utf-8") as out:
        print("", "---", 1, 2.5, None, sep="|", end="\r\n", file=out)
        out.writelines(f"{n}\n" for n in range(3))
    with open(path, encoding="utf-8", newline="") as source:
        print(source.read()[-22:].encode())
    with open(path, encoding="utf-8") as source:
        print(source.read().splitlines()[-4:])
    with open(path, "r+", encoding="ascii", errors="replace") as both:
        print(ascii(both.readline()))
    with open(path, encoding="latin-1") as source:
        print(ascii(source.readline()))
    try:
        with open(path, encoding="ascii") as source:
            source.read()
    except UnicodeDecodeError as error:
        print(error.encoding, error.start, error.reason)
    words = Counter()
    with open(path, encoding="utf-8") as source:
        for line in source:
            words.update(word for word in line.lower().split() if word.isalpha())
    print(sorted(words.items(), key=itemgetter(1, 0))[-4:])
    return path


def binary_files(base):
    path = os.path.join(base, "data.bin")
    with open(path, "wb") as out:
        print(out.write(bytes(range(256))), out.tell(), out.seek(-6, os.SEEK_CUR), out.write(b"\xff" * 2), out.seek(300), out.write(b"end"))
    with open(path, "rb") as source:
        print(source.seek(-9, os.SEEK_END), source.read(), source.read(), source.tell(), source.seek(65), source.read(5), source.seekable())
        source.seek(250)
        buffer = bytearray(8)
        print(source.readinto(buffer), buffer.hex(" "), source.seek(0), len(source.read()), source.peek(1))
        source.seek(0)
        print([hex(sum(chunk)) for chunk in iter(lambda: source.read(100), b"")])
    with open(path, "r+b") as both:
        both.seek(3)
        both.write(b"PATCH")
        both.seek(0)
        print(both.read(10), both.truncate(12), both.seek(0, io.SEEK_END))
    with open(path, "ab") as out:
        out.write(b"\r\nlast")
        out.flush()
        print(out.tell(), os.stat(path).st_size, os.path.getsize(path))
    with open(path, "rb") as source:
        print(source.readlines())
    records = Records(os.path.join(base, "items.rec"))
    print(records.write(["one", "", "drei ß", "x" * 300, "🐍🐍"]), [(at, text[:6]) for at, text in records])
    with open(records.path, "r+b") as both:
        both.seek(27)
        both.write(b"?")
    for path, label in (records.path, "damaged"), (path, "other"):
        seen = []
        try:
            for at, text in Records(path):
                seen.append(text)
        except ValueError as error:
            print(label, seen, error)


def memory_files():
    text = io.StringIO("alpha\nbeta\n")
    print(text.readline(), end="")
    text.seek(0, io.SEEK_END)
    print(text.write("gamma"), text.tell(), text.getvalue().split(), text.truncate(3), repr(text.getvalue()))
    raw = io.BytesIO(b"0123456789")
    raw.seek(4)
    print(raw.read(2), raw.write(b"ab"), raw.getvalue(), bytes(raw.getbuffer()[:3]), raw.seek(12), raw.write(b"!"), raw.getvalue())
    wrapped = io.TextIOWrapper(io.BytesIO("é\nü".encode()), encoding="utf-8")
    print(list(wrapped), [bytes(chunk) for chunk in batched(b"abcdefg", 3)])
    raw.close()
    for action in (raw.read, lambda: text.write(b"x"), lambda: io.BytesIO("x"), lambda: io.StringIO().read(1, 2)):
        try:
            action()
        except (ValueError, TypeError) as error:
            print(type(error).__name__, error)


def directories(base):
    os.makedirs(os.path.join(base, "a", "b", "c"))
    os.makedirs(os.path.join(base, "a", "b"), exist_ok=True)
    for name in "a/one.txt", "a/b/two.py", "a/b/c/three.txt", "a/.hidden":
        with open(os.path.join(base, *name.split("/")), "x") as out:
            out.write(name)
    for folder, folders, names in os.walk(base):
        folders.sort()
        print(short(folder), folders, sorted(names))
    with os.scandir(os.path.join(base, "a")) as entries:
        print(sorted((e.name, e.is_dir(), e.is_file() and e.stat().st_size) for e in entries))
    os.rename(os.path.join(base, "a", "one.txt"), os.path.join(base, "uno.txt"))
    os.replace(os.path.join(base, "uno.txt"), os.path.join(base, "a", ".hidden"))
    print(sorted(os.listdir(os.path.join(base, "a"))), os.path.exists(os.path.join(base, "uno.txt")), os.access(base, os.W_OK))
    failures = [lambda: open(os.path.join(base, "nope.txt")), lambda: os.mkdir(base), lambda: os.rmdir(base), lambda: os.listdir(os.path.join(base, "a", ".hidden")),
                lambda: open(base, "w"), lambda: open(os.path.join(base, "poem.txt"), "x"), lambda: os.remove(os.path.join(base, "zip", "zap")),
                lambda: open("x", "rw"), lambda: open("x", "rb", encoding="utf-8"), lambda: os.stat(os.path.join(base, "a\0b"))]
    for failure in failures:
        try:
            failure()
        except OSError as error:
            print(type(error).__name__, short(error), short(error.filename), error.errno == getattr(error, "args")[0])
        except ValueError as error:
            print("ValueError", error)


def paths():
    for path in "/usr/lib/x.tar.gz", "rel/file", "/", "", "a//b/../c/./d/", ".bashrc", "dir/.x.py":
        print(repr(path), os.path.split(path), os.path.splitext(path), os.path.normpath(path), os.path.basename(path), os.path.isabs(path))
    print(os.path.join("a", "b", "/c", "d"), os.path.join("a", ""), os.path.commonpath(["/a/b/c", "/a/b/d"]), os.path.commonprefix(["abc", "abd"]),
          os.path.relpath("/a/b/c", "/a/x"), os.path.relpath("/a", "/a"), os.sep, os.linesep == "\n", os.path.dirname("/a/b"), os.fspath("p"))


def main():
    with workspace(BASE) as base:
        print(short(base), os.path.isdir(base), os.listdir(base))
        path = text_files(base)
        binary_files(base)
        directories(base)
        print(os.path.isfile(path), os.path.isdir(path), os.path.islink(path), os.path.samefile(path, os.path.join(base, "a", "..", "poem.txt")))
        closed = open(path)
        closed.close()
        for action in closed.read, closed.fileno, lambda: next(closed), closed.__enter__:
            try:
                action()
            except ValueError as error:
                print(error)
        with open(path) as readonly:
            try:
                readonly.write("x")
            except io.UnsupportedOperation as error:
                print(error, isinstance(error, OSError), isinstance(error, ValueError))
        os.environ["MOLT_ROUNDTRIP"] = "value"
        print(os.getenv("MOLT_ROUNDTRIP"), os.environ.pop("MOLT_ROUNDTRIP"), os.getenv("MOLT_ROUNDTRIP", "gone"), "MOLT_ROUNDTRIP" in os.environ)
    memory_files()
    paths()
    print(os.path.exists(BASE), file=sys.stdout)


main()
