"""JSON documents: parsing, walking, nested edits by path, merging, diffing, serialising, errors."""
import io
import json
from collections import OrderedDict
from functools import reduce

SOURCE = """
{
  "name": "molt \\u00e9t\\u00e9 \\ud83d\\ude00",
  "version": [1, 4, 0],
  "pi": 3.14159, "tiny": 1e-7, "huge": 1E+22, "minus": -0.0, "big": 123456789012345678901234567890,
  "flags": {"debug": true, "trace": false, "extra": null},
  "people": [
    {"id": 1, "name": "Ada", "langs": ["c", "python"], "address": {"city": "Oslo", "zip": "0150"}},
    {"id": 2, "name": "Bob", "langs": [], "address": null},
    {"id": 3, "name": "Cyd \\"quoted\\"", "langs": ["rust"], "address": {"city": "Bern", "zip": "3000"}}
  ],
  "empty": {}, "none": [], "text": "tab\\tnewline\\nslash\\/back\\\\"
}
"""


def walk(node, path=()):
    """Every leaf with its path."""
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from walk(value, path + (key,))
    elif isinstance(node, list) and node:
        for index, value in enumerate(node):
            yield from walk(value, path + (index,))
    else:
        yield path, node


def split(path):
    return [int(part) if part.lstrip("-").isdigit() else part for part in path.split(".")]


def get(node, path):
    return reduce(lambda inner, key: inner[key], split(path), node)


def put(node, path, value):
    *parents, last = split(path)
    for key in parents:
        if isinstance(node, dict):
            node = node.setdefault(key, {})
        else:
            node = node[key]
    if isinstance(node, list) and last == len(node):
        node.append(value)
    else:
        node[last] = value


def merge(left, right):
    if isinstance(left, dict) and isinstance(right, dict):
        out = dict(left)
        for key, value in right.items():
            if value is None:
                out.pop(key, None)
            elif key in out:
                out[key] = merge(out[key], value)
            else:
                out[key] = value
        return out
    return right


def diff(old, new):
    before = dict(walk(old))
    after = dict(walk(new))
    for path in sorted(before.keys() | after.keys(), key=lambda p: [str(x) for x in p]):
        name = ".".join(map(str, path))
        if path not in after:
            yield f"- {name} = {json.dumps(before[path])}"
        elif path not in before:
            yield f"+ {name} = {json.dumps(after[path])}"
        elif before[path] != after[path]:
            yield f"~ {name}: {json.dumps(before[path])} -> {json.dumps(after[path])}"


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y


def encode(value):
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Point):
        return {"__point__": [value.x, value.y]}
    if isinstance(value, complex):
        return [value.real, value.imag]
    raise TypeError(f"cannot encode {type(value).__name__}")


def decode(mapping):
    if "__point__" in mapping:
        return Point(*mapping["__point__"])
    return mapping


BROKEN = ['{"a": 1,}', '[1, 2', '{"a" 1}', '', '"open', "{'a': 1}", '[1] x', 'nul', '{"a": "\\x"}', '[01]',
          '"line\nbreak"', '{1: 2}', '[1 2]', '\n\n  {"k": ]', '"\\u12"', '-']


def main():
    data = json.loads(SOURCE)
    for path, leaf in walk(data):
        print(".".join(map(str, path)), "=", repr(leaf), type(leaf).__name__)

    copy = json.loads(json.dumps(data))
    print("round trip", copy == data, copy is data)
    put(copy, "people.1.address.city", "Rome") if copy["people"][1]["address"] else put(copy, "people.1.address", {"city": "Rome"})
    put(copy, "people.0.langs.2", "go")
    put(copy, "people.3", {"id": 4, "name": "Dee"})
    put(copy, "new.deep.path", [1, {"a": None}])
    put(copy, "version.-1", 9)
    del copy["flags"]["trace"]
    print(get(copy, "people.2.address.city"), get(copy, "new.deep.path.1"), get(copy, "people.-1.name"))
    for line in diff(data, copy):
        print(line)
    for path in "people.9.id", "flags.nothing", "pi.x", "version.a":
        try:
            get(copy, path)
        except (KeyError, IndexError, TypeError) as error:
            print(path, type(error).__name__, error)

    print(json.dumps(data["people"], indent=2))
    print(json.dumps(data["name"]), json.dumps(data["name"], ensure_ascii=False))
    print(json.dumps({"b": [1, 2.50, -0.0, 1e100], "a": {"z": None, "y": (True, False)}}, sort_keys=True))
    print(json.dumps({"b": [], "a": {}, "c": [[]]}, indent=1, sort_keys=True))
    print(json.dumps([1, "two", {"three": 3}], separators=(",", ":")))
    print(json.dumps({1: "int", 2.5: "float", None: "none", True: "bool"}))
    print(json.dumps([float("inf"), float("-inf"), float("nan")]))
    print(json.dumps("\x00\x1f\x7f\u2028 \"\\/\b\f"))
    print(json.dumps({"set": {3, 1, 2}, "p": Point(1, -2), "c": 2 - 1j}, default=encode, indent="--"))

    point = json.loads('{"where": {"__point__": [3, 4]}}', object_hook=decode)["where"]
    print(type(point).__name__, point.x, point.y)
    pairs = json.loads('{"a": 1, "b": 2, "a": 3}', object_pairs_hook=lambda p: p)
    print(pairs, json.loads('{"a": 1, "a": 3}'), OrderedDict(pairs))
    print(json.loads("[1.10, 2]", parse_float=str, parse_int=lambda s: int(s) * 10))
    print(json.loads(b'  [true, "\xc3\xa9"] '), json.loads("NaN") != json.loads("NaN"), json.loads("-Infinity"))

    defaults = {"log": {"level": "info", "file": "x.log"}, "jobs": 2, "tags": ["a"]}
    override = {"log": {"level": "debug", "file": None}, "tags": ["b", "c"], "cache": {"size": 10}}
    print(json.dumps(merge(defaults, override)))

    stream = io.StringIO()
    json.dump({"stream": [1, 2]}, stream)
    stream.write("\n")
    stream.seek(0)
    print(json.load(stream))

    for text in BROKEN:
        try:
            print("?", json.loads(text))
        except json.JSONDecodeError as error:
            print(f"{text!r}: {error.msg} at {error.lineno}:{error.colno} pos {error.pos}")
    try:
        json.dumps({"k": [1, Point(0, 0)]})
    except TypeError as error:
        print(error)
    loop = []
    loop.append(loop)
    for bad in loop, {(1, 2): 3}:
        try:
            json.dumps(bad)
        except (ValueError, TypeError) as error:
            print(type(error).__name__, error)
    loop.clear()
    print(json.dumps({(1, 2): 3, "ok": 1}, skipkeys=True))


main()
