"""A mini language: hand written tokenizer, recursive descent compiler, stack machine."""
import operator
from collections import ChainMap, namedtuple
from enum import Enum
from itertools import takewhile

Token = namedtuple("Token", "kind text line column")


class Kind(Enum):
    NUMBER = "number"
    NAME = "name"
    STRING = "string"
    OP = "operator"
    KEYWORD = "keyword"
    END = "end"


KEYWORDS = {"let", "if", "else", "while", "fn", "return", "print", "and", "or", "not"}
LONG_OPS = {"==", "!=", "<=", ">=", "**"}


class LanguageError(Exception):
    def __init__(self, message, line, column=0):
        super().__init__(message)
        self.where = f"{line}:{column}"


def tokenize(source):
    line, start, i = 1, 0, 0

    def scan(allowed):
        return "".join(takewhile(allowed, source[i:]))

    while i < len(source):
        c = source[i]
        column = i - start + 1
        if c == "\n":
            line, start = line + 1, i + 1
            i += 1
        elif c.isspace():
            i += 1
        elif c == "#":
            i += len(scan(lambda ch: ch != "\n"))
        else:
            if c.isdigit():
                kind, text = Kind.NUMBER, scan(lambda ch: ch.isdigit() or ch == ".")
            elif c.isalpha() or c == "_":
                text = scan(lambda ch: ch.isalnum() or ch == "_")
                kind = Kind.KEYWORD if text in KEYWORDS else Kind.NAME
            elif c == '"':
                end = source.find('"', i + 1)
                if end < 0:
                    raise LanguageError("string never ends", line, column)
                kind, text = Kind.STRING, source[i:end + 1]
            elif (text := source[i:i + 2]) in LONG_OPS:
                kind = Kind.OP
            elif c in "+-*/%<>=(){},;":
                kind, text = Kind.OP, c
            else:
                raise LanguageError(f"stray {c!r}", line, column)
            i += len(text)
            yield Token(kind, text.strip('"'), line, column)
    yield Token(Kind.END, "", line, i - start + 1)


LEVELS = [{"or"}, {"and"}, {"==", "!="}, {"<", ">", "<=", ">="}, {"+", "-"}, {"*", "/", "%"}]
BINARY = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod,
          "**": operator.pow, "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt,
          "<=": operator.le, ">=": operator.ge}


class Compiler:
    def __init__(self, source):
        self.tokens = list(tokenize(source))
        self.at = 0
        self.code = []
        self.functions = {}

    @property
    def token(self):
        return self.tokens[self.at]

    def accept(self, *texts):
        token = self.token
        if token.kind in (Kind.OP, Kind.KEYWORD) and token.text in texts:
            self.at += 1
            return token
        return None

    def expect(self, what):
        token = self.token
        if isinstance(what, Kind):
            if token.kind is not what:
                raise LanguageError(f"expected a {what.value}, got {token.text or 'end'!r}", token.line, token.column)
            self.at += 1
        elif not self.accept(what):
            raise LanguageError(f"expected {what!r}, got {token.text or 'end'!r}", token.line, token.column)
        return token

    def emit(self, name, argument=None):
        self.code.append([name, argument])
        return len(self.code) - 1

    def patch(self, where):
        self.code[where][1] = len(self.code)

    def program(self):
        while self.token.kind is not Kind.END:
            self.statement()
        self.emit("halt")
        return self.code, self.functions

    def block(self):
        self.expect("{")
        while not self.accept("}"):
            self.statement()

    def statement(self):
        if self.accept("if"):
            self.expression()
            skip = self.emit("jump_false")
            self.block()
            if self.accept("else"):
                end = self.emit("jump")
                self.patch(skip)
                self.statement() if self.token.text == "if" else self.block()
                self.patch(end)
            else:
                self.patch(skip)
        elif self.accept("while"):
            top = len(self.code)
            self.expression()
            leave = self.emit("jump_false")
            self.block()
            self.emit("jump", top)
            self.patch(leave)
        elif self.accept("fn"):
            name = self.expect(Kind.NAME).text
            self.expect("(")
            parameters = []
            while not self.accept(")"):
                parameters.append(self.expect(Kind.NAME).text)
                self.accept(",")
            over = self.emit("jump")
            self.functions[name] = (len(self.code), parameters)
            self.block()
            self.emit("push", None)
            self.emit("return")
            self.patch(over)
        else:
            self.simple(self.accept("let", "print", "return"))
            self.expect(";")

    def simple(self, keyword):
        if keyword and keyword.text == "let":
            name = self.expect(Kind.NAME).text
            self.expect("=")
            self.expression()
            self.emit("store", name)
            return
        count = 1
        self.expression()
        while keyword and keyword.text == "print" and self.accept(","):
            self.expression()
            count += 1
        self.emit(*(keyword.text, count) if keyword else ("pop", None))

    def expression(self, level=0):
        if level == len(LEVELS):
            return self.unary()
        self.expression(level + 1)
        while token := self.accept(*LEVELS[level]):
            if token.text in ("and", "or"):
                jump = self.emit("jump_keep_" + token.text)
                self.expression(level + 1)
                self.patch(jump)
            else:
                self.expression(level + 1)
                self.emit("binary", token.text)

    def unary(self):
        if token := self.accept("-", "not"):
            self.unary()
            self.emit("unary", token.text)
            return
        self.primary()
        if self.accept("**"):
            self.unary()
            self.emit("binary", "**")

    def primary(self):
        token = self.token
        self.at += 1
        match token:
            case Token(Kind.NUMBER, text):
                self.emit("push", float(text) if "." in text else int(text))
            case Token(Kind.STRING, text):
                self.emit("push", text)
            case Token(Kind.NAME, name):
                if not self.accept("("):
                    self.emit("load", name)
                    return
                count = 0
                while not self.accept(")"):
                    self.expression()
                    count += 1
                    self.accept(",")
                self.emit("call", (name, count))
            case Token(Kind.OP, "("):
                self.expression()
                self.expect(")")
            case Token(_, text, line, column):
                raise LanguageError(f"unexpected {text or 'end'!r}", line, column)


class Machine:
    def __init__(self, code, functions):
        self.code, self.functions = code, functions
        self.stack, self.frames = [], [({}, None)]
        self.steps = 0

    def lookup(self, name):
        scope = ChainMap(self.frames[-1][0], self.frames[0][0])
        if name in scope:
            return scope[name]
        raise NameError(f"unknown variable {name}")

    def run(self, limit=200_000):
        pc = 0
        push, pop = self.stack.append, self.stack.pop
        while True:
            self.steps += 1
            if self.steps > limit:
                raise TimeoutError(f"stopped after {limit} steps")
            name, argument = self.code[pc]
            pc += 1
            match name:
                case "push":
                    push(argument)
                case "pop":
                    pop()
                case "load":
                    push(self.lookup(argument))
                case "store":
                    self.frames[-1][0][argument] = pop()
                case "binary":
                    right = pop()
                    push(BINARY[argument](pop(), right))
                case "unary":
                    push(-pop() if argument == "-" else not pop())
                case "jump":
                    pc = argument
                case "jump_false":
                    if not pop():
                        pc = argument
                case "jump_keep_and" | "jump_keep_or":
                    if bool(self.stack[-1]) == (name == "jump_keep_or"):
                        pc = argument
                    else:
                        pop()
                case "print":
                    values = self.stack[-argument:]
                    del self.stack[-argument:]
                    print("  >", *values)
                case "call":
                    callee, count = argument
                    target, parameters = self.functions[callee]
                    if count != len(parameters):
                        raise TypeError(f"{callee} takes {len(parameters)} arguments, got {count}")
                    arguments = self.stack[len(self.stack) - count:]
                    del self.stack[len(self.stack) - count:]
                    self.frames.append((dict(zip(parameters, arguments)), pc))
                    pc = target
                case "return":
                    _, pc = self.frames.pop()
                case "halt":
                    return self.steps


PROGRAMS = {
    "fibonacci": "fn fib(n) { if n < 2 { return n; } return fib(n - 1) + fib(n - 2); } print fib(15), \"done\";",
    "loop": "let i = 0; let s = 0; while i < 100 { let i = i + 1; if i % 3 == 0 and i % 5 == 0 { print i; } let s = s + i; } print s, s / 8;",
    "chain": 'let x = 7; # comment\nif x > 10 { print "big"; } else if x > 5 { print "middle"; } else { print "small"; }',
    "power": "print 2 ** 3 ** 2, -2 ** 2, 2 ** 100, not 1 == 2, 1 or 0, 0 or \"else\", 1 and 0;",
    "strings": 'print "ab" * 3 + "!", "a" < "b"; let r = 1.5 * 4; print r;',
    "stray": "let a = 1;\nlet b = a $ 2;",
    "missing": "let a = (1 + 2;\n",
    "unclosed": 'print 1;\n  print "abc;',
    "unknown": "print 1; print zzz;",
    "zero": "fn f(a) { return 1 / a; } print f(4); print f(0);",
    "arity": "fn f(a, b) { return a; } print f(1);",
    "nofn": "print g(1);",
    "mixed": 'print 1 + "a";',
    "forever": "while 1 { let x = 2; }",
    "keyword": "let if = 3;",
}


def main():
    for name, source in PROGRAMS.items():
        print(name)
        try:
            code, functions = Compiler(source).program()
            print("  ", len(code), "instructions,", Machine(code, functions).run(20_000), "steps")
        except LanguageError as error:
            print("  syntax", error.where, error)
        except Exception as error:
            print("  runtime", type(error).__name__, error)
    print([(t.kind.name, t.text, t.column) for t in tokenize("a1<=\"s\"")])
    for instruction in Compiler("let a = 1 and b;").program()[0]:
        print(*instruction)


main()
