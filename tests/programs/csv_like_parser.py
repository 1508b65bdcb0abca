"""A parser for separated values with quotes, typed columns and careful error reports with chained causes."""
import io
from collections import namedtuple
from enum import Enum, auto


class Problem(Exception):
    """Base of the errors; knows where it happened."""

    def __init__(self, message, *, line=None, column=None):
        super().__init__(message)
        self.line, self.column = line, column

    def __str__(self):
        where = [f"{name} {value}" for name, value in (("line", self.line), ("column", self.column)) if value is not None]
        return ", ".join(where + [super().__str__()])


class QuoteProblem(Problem):
    pass


class ShapeProblem(Problem):
    pass


class ValueProblem(Problem):
    def __init__(self, field, text, **where):
        super().__init__(f"cannot read {text!r} as {field}", **where)
        self.field = field


class TooManyProblems(Exception):
    pass


class Mode(Enum):
    START = auto()
    PLAIN = auto()
    QUOTED = auto()
    AFTER = auto()


def split_rows(stream, separator=",", quote='"'):
    """Yield (line number, fields); quoted fields may hold separators, quotes and line breaks."""
    line, first = 1, 1
    fields, current, mode = [], [], Mode.START
    column = 0
    opened = None
    while ch := stream.read(1):
        column += 1
        match mode:
            case Mode.QUOTED:
                if ch == quote:
                    mode = Mode.AFTER
                else:
                    current.append(ch)
                    if ch == "\n":
                        line, column = line + 1, 0
                continue
            case Mode.AFTER if ch == quote:
                current.append(quote)
                mode = Mode.QUOTED
                continue
            case Mode.AFTER if ch not in (separator, "\n"):
                raise QuoteProblem(f"{ch!r} after closing quote", line=line, column=column)
            case Mode.START if ch == quote:
                mode, opened = Mode.QUOTED, (line, column)
                continue
            case Mode.PLAIN if ch == quote:
                raise QuoteProblem("quote inside plain field", line=line, column=column)
        if ch == separator:
            fields.append("".join(current))
            current, mode = [], Mode.START
        elif ch == "\n":
            if fields or current or mode is Mode.AFTER:
                yield first, fields + ["".join(current)]
            fields, current, mode = [], [], Mode.START
            line, column = line + 1, 0
            first = line
        else:
            current.append(ch)
            mode = Mode.PLAIN
    if mode is Mode.QUOTED:
        raise QuoteProblem("quote never closed", line=opened[0], column=opened[1])
    if fields or current:
        yield first, fields + ["".join(current)]


def boolean(text):
    try:
        return {"yes": True, "no": False, "true": True, "false": False}[text.strip().lower()]
    except KeyError:
        raise ValueError(f"not a yes or no: {text!r}") from None


def money(text):
    sign = -1 if text.startswith("-") else 1
    euros, dot, cents = text.lstrip("-").partition(".")
    if dot and len(cents) != 2:
        raise ValueError("two digits after the point wanted")
    return sign * (int(euros) * 100 + int(cents or 0))


def date(text):
    year, month, day = map(int, text.split("-"))
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise ValueError(f"no such day: {text}")
    return year, month, day


TYPES = {"int": int, "float": float, "str": str, "bool": boolean, "money": money, "date": date}


class Table:
    def __init__(self, text, *, separator=",", limit=4):
        rows = split_rows(io.StringIO(text), separator)
        try:
            _, header = next(rows)
        except StopIteration:
            raise ShapeProblem("no header") from None
        names, kinds = [], []
        for column, cell in enumerate(header, 1):
            name, _, kind = cell.strip().partition(":")
            if kind and kind not in TYPES:
                try:
                    TYPES[kind]
                except KeyError as error:
                    raise ShapeProblem(f"unknown type {kind}", line=1, column=column) from error
            names.append(name)
            kinds.append(kind or "str")
        try:
            self.row_type = namedtuple("Row", names)
        except ValueError as error:
            raise ShapeProblem("bad header") from error
        self.kinds = kinds
        self.rows, self.problems = [], []
        for line, cells in rows:
            try:
                self.rows.append(self.convert(line, cells))
            except (ShapeProblem, ValueProblem) as problem:
                self.problems.append(problem)
                if len(self.problems) > limit:
                    raise TooManyProblems(len(self.problems)) from problem

    def convert(self, line, cells):
        if len(cells) != len(self.kinds):
            raise ShapeProblem(f"{len(cells)} fields, {len(self.kinds)} wanted", line=line)
        values = []
        for column, (kind, cell) in enumerate(zip(self.kinds, cells, strict=True), 1):
            try:
                values.append(TYPES[kind](cell) if cell or kind == "str" else None)
            except ValueError as error:
                raise ValueProblem(kind, cell, line=line, column=column) from error
        return self.row_type._make(values)

    def write(self, separator=";"):
        def cell(value):
            text = "" if value is None else "-".join(f"{v:02d}" for v in value) if isinstance(value, tuple) else str(value)
            if any(c in text for c in (separator, '"', "\n")):
                return '"' + text.replace('"', '""') + '"'
            return text
        out = io.StringIO()
        print(*(f"{n}:{k}" for n, k in zip(self.row_type._fields, self.kinds)), sep=separator, file=out)
        for row in self.rows:
            print(*map(cell, row), sep=separator, file=out)
        return out.getvalue()


def chain(error):
    parts = []
    while error is not None:
        parts.append(f"{type(error).__name__}({error})")
        if error.__cause__ is not None:
            parts.append("caused by")
            error = error.__cause__
        elif error.__context__ is not None and not error.__suppress_context__:
            parts.append("while handling")
            error = error.__context__
        else:
            error = None
    return " ".join(parts)


GOOD = '''id:int,name,price:money,when:date,sold:bool,rate:float
1,plain,12.50,2024-02-29,yes,0.5
2,"with, comma",-3,1999-12-31,No,1e3

3,"say ""hi""",0.05,2000-01-01,TRUE,
4,"two
lines; here",7,2024-11-11,false,-2.25
five,x,1,2024-01-01,yes,1
6,x,1.5,2024-01-01,yes,1
7,x,1,2024-13-01,yes,1
8,too short
9,,,,,'''

BAD = {
    "empty": "",
    "unclosed": 'a,b\n1,"open\n2,3\n',
    "after": 'a\n"x"y\n',
    "inside": 'a\nb"c\n',
    "type": "a:int,b:hex\n1,2\n",
    "header": "a,class\n1,2\n",
    "double": "a,a\n1,2\n",
    "many": "n:int\nx\ny\nz\n",
}


def main():
    table = Table(GOOD)
    for row in table.rows:
        print(row)
    for problem in table.problems:
        print("!", chain(problem))
    print(sum(row.price or 0 for row in table.rows), max(table.rows[:4], key=lambda r: r.when).name.splitlines())
    text = table.write()
    print(text, end="")
    again = Table(text.replace("1250", "1250.00"), separator=";")
    print(len(again.rows), again.rows[1]._replace(price=0) == table.rows[1]._replace(price=0), again.problems, again.rows[3]._asdict()["name"])
    for name, source in BAD.items():
        try:
            print(name, Table(source, limit=1).rows)
        except (Problem, TooManyProblems) as error:
            print(f"{name}: {chain(error)}")
    try:
        try:
            boolean("maybe")
        except ValueError:
            money("x.10")
    except ValueError as error:
        print(chain(error), "|", error.__context__.__suppress_context__, error.__suppress_context__)


main()
