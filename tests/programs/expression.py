"""Tokeniser, parser and evaluator of arithmetic with variables and functions."""


class ParseError(SyntaxError):
    def __init__(self, message, position):
        super().__init__(message)
        self.position = position


class Token:
    def __init__(self, kind, text, position):
        self.kind, self.text, self.position = kind, text, position

    def __repr__(self):
        return f"{self.kind}:{self.text}"


def tokens(text):
    i = 0
    while i < len(text):
        c = text[i]
        if c.isspace():
            i += 1
        elif c.isdigit() or c == ".":
            start = i
            while i < len(text) and (text[i].isdigit() or text[i] == "."):
                i += 1
            yield Token("number", text[start:i], start)
        elif c.isalpha() or c == "_":
            start = i
            while i < len(text) and (text[i].isalnum() or text[i] == "_"):
                i += 1
            yield Token("name", text[start:i], start)
        elif text[i:i + 2] == "**":
            yield Token("op", "**", i)
            i += 2
        elif c in "+-*/%(),=":
            yield Token("op", c, i)
            i += 1
        else:
            raise ParseError(f"unexpected {c!r}", i)
    yield Token("end", "", len(text))


class Parser:
    POWER = {"+": (1, 2), "-": (1, 2), "*": (3, 4), "/": (3, 4), "%": (3, 4), "**": (8, 7)}

    def __init__(self, text):
        self.list = list(tokens(text))
        self.at = 0

    @property
    def now(self):
        return self.list[self.at]

    def take(self, text=None):
        token = self.now
        if text is not None and token.text != text:
            raise ParseError(f"expected {text!r}, found {token.text or 'end'!r}", token.position)
        self.at += 1
        return token

    def statement(self):
        if self.now.kind == "name" and self.list[self.at + 1].text == "=":
            name = self.take().text
            self.take("=")
            tree = ("let", name, self.expression(0))
        else:
            tree = self.expression(0)
        if self.now.kind != "end":
            raise ParseError(f"unexpected {self.now.text!r}", self.now.position)
        return tree

    def expression(self, least):
        left = self.prefix()
        while True:
            op = self.now.text
            power = self.POWER.get(op)
            if self.now.kind != "op" or power is None or power[0] < least:
                return left
            self.take()
            left = (op, left, self.expression(power[1]))

    def prefix(self):
        token = self.take()
        match token.kind, token.text:
            case "number", text:
                return float(text) if "." in text else int(text)
            case "name", name:
                if self.now.text != "(":
                    return ("var", name)
                self.take("(")
                args = []
                while self.now.text != ")":
                    args.append(self.expression(0))
                    if self.now.text != ")":
                        self.take(",")
                self.take(")")
                return ("call", name, *args)
            case "op", "-":
                return ("neg", self.expression(5))
            case "op", "(":
                inner = self.expression(0)
                self.take(")")
                return inner
            case _:
                raise ParseError(f"unexpected {token.text or 'end'!r}", token.position)


class Calculator:
    def __init__(self):
        self.names = {"pi": 3.14159}
        self.functions = {"max": max, "min": min, "abs": abs, "sq": lambda x: x * x}

    def run(self, tree):
        match tree:
            case int() | float():
                return tree
            case ("let", name, value):
                self.names[name] = result = self.run(value)
                return result
            case ("var", name):
                try:
                    return self.names[name]
                except KeyError:
                    raise NameError(f"unknown name {name}") from None
            case ("neg", value):
                return -self.run(value)
            case ("call", name, *args):
                return self.functions[name](*map(self.run, args))
            case (op, left, right):
                a, b = self.run(left), self.run(right)
                return {"+": a.__add__, "-": a.__sub__, "*": a.__mul__}[op](b) if op in "+-" else self.other(op, a, b)

    @staticmethod
    def other(op, a, b):
        if op == "*":
            return a * b
        if op == "/":
            return a / b
        return a % b if op == "%" else a ** b


def main():
    calculator = Calculator()
    lines = """1 + 2 * 3
(1 + 2) * 3
-2 ** 2
2 ** 3 ** 2
10 - 4 - 3
7 % 4 / 2
x = 12
y = x * x - 1
max(x, y, 3) + abs(-5)
sq(sq(3))
1 +
2 $ 3
(1 + 2
1 / 0
unknown + 1
2 ** 100
1 2
f(1)""".splitlines()
    for line in lines:
        try:
            tree = Parser(line).statement()
            print(f"{line:24} = {calculator.run(tree)}")
        except ParseError as e:
            print(f"{line:24} ! {e.msg} at {e.position}")
        except (ArithmeticError, NameError, KeyError) as e:
            print(f"{line:24} ! {type(e).__name__}: {e}")
    print(Parser("1 + 2 * -x").statement())
    print(list(tokens("a+1")))


main()
