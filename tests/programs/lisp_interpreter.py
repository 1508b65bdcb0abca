"""A small Lisp: reader, environments, closures, tail calls by trampolining, macros, errors with context."""
import math
import operator
from functools import reduce


class LispError(Exception):
    def __init__(self, message, form=None):
        super().__init__(message)
        self.form = form

    def __str__(self):
        text = super().__str__()
        return text if self.form is None else f"{text} in {show(self.form)}"


class Symbol(str):
    __slots__ = ()
    table = {}

    def __new__(cls, name):
        found = cls.table.get(name)
        if found is None:
            found = cls.table[name] = super().__new__(cls, name)
        return found

    def __repr__(self):
        return f"'{str(self)}"


QUOTE, QUASI, UNQUOTE, SPLICE = map(Symbol, ["quote", "quasiquote", "unquote", "unquote-splicing"])
PREFIXES = {"'": QUOTE, "`": QUASI, ",": UNQUOTE, ",@": SPLICE}


def tokenize(text):
    i = 0
    while i < len(text):
        c = text[i]
        if c.isspace():
            i += 1
        elif c == ";":
            while i < len(text) and text[i] != "\n":
                i += 1
        elif c in "()'`":
            yield c
            i += 1
        elif c == ",":
            n = 2 if text[i : i + 2] == ",@" else 1
            yield text[i : i + n]
            i += n
        elif c == '"':
            end = i + 1
            while text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            yield text[i : end + 1]
            i = end + 1
        else:
            end = i
            while end < len(text) and not text[end].isspace() and text[end] not in "()'`,;\"":
                end += 1
            yield text[i:end]
            i = end


def atom(token):
    if token[0] == '"':
        return token[1:-1].replace('\\"', '"').replace("\\n", "\n")
    match token:
        case "#t":
            return True
        case "#f":
            return False
    for kind in (int, float):
        try:
            return kind(token)
        except ValueError:
            pass
    return Symbol(token)


def read(tokens):
    token = next(tokens, None)
    if token is None:
        raise LispError("unexpected end")
    if token == "(":
        items = []
        for item in iter(lambda: read(tokens), CLOSE):
            items.append(item)
        return items
    if token == ")":
        return CLOSE
    if token in PREFIXES:
        return [PREFIXES[token], read(tokens)]
    return atom(token)


CLOSE = object()


def show(x):
    match x:
        case True:
            return "#t"
        case False:
            return "#f"
        case list():
            return "(" + " ".join(map(show, x)) + ")"
        case Symbol():
            return str.__str__(x)
        case str():
            return '"' + x.replace('"', '\\"') + '"'
        case Closure(name=name):
            return f"<{name or 'lambda'}>"
        case _:
            return str(x)


class Env(dict):
    def __init__(self, names=(), values=(), outer=None):
        super().__init__(zip(names, values))
        self.outer = outer

    def find(self, name):
        env = self
        while env is not None:
            if name in env:
                return env
            env = env.outer
        raise LispError(f"unbound variable {name}")


class Closure:
    __match_args__ = ("name",)

    def __init__(self, params, body, env, name=None):
        self.params, self.body, self.env, self.name = params, body, env, name
        self.rest = None
        if Symbol(".") in params:
            at = params.index(Symbol("."))
            self.params, self.rest = params[:at], params[at + 1]

    def bind(self, args):
        if len(args) < len(self.params) or (self.rest is None and len(args) > len(self.params)):
            raise LispError(f"{self.name or 'lambda'} wants {len(self.params)} arguments, got {len(args)}")
        env = Env(self.params, args, self.env)
        if self.rest is not None:
            env[self.rest] = list(args[len(self.params) :])
        return env

    def __call__(self, *args):
        env = self.bind(args)
        for form in self.body[:-1]:
            evaluate(form, env)
        return evaluate(self.body[-1], env)


MACROS = {}


def quasi(x, env):
    if not isinstance(x, list) or not x:
        return x
    if x[0] is UNQUOTE:
        return evaluate(x[1], env)
    out = []
    for item in x:
        if isinstance(item, list) and item and item[0] is SPLICE:
            out.extend(evaluate(item[1], env))
        else:
            out.append(quasi(item, env))
    return out


def evaluate(x, env):
    while True:
        if isinstance(x, Symbol):
            return env.find(x)[x]
        if not isinstance(x, list):
            return x
        if not x:
            raise LispError("empty application")
        head, *rest = x
        match head:
            case "quote":
                return rest[0]
            case "quasiquote":
                return quasi(rest[0], env)
            case "if":
                test, yes, *no = rest
                if evaluate(test, env) is not False:
                    x = yes
                elif no:
                    x = no[0]
                else:
                    return False
                continue
            case "define":
                target, *body = rest
                if isinstance(target, list):
                    name, *params = target
                    env[name] = Closure(params, body, env, name)
                    return name
                env[target] = evaluate(body[0], env)
                return target
            case "define-macro":
                (name, *params), *body = rest
                MACROS[name] = Closure(params, body, env, name)
                return name
            case "set!":
                env.find(rest[0])[rest[0]] = value = evaluate(rest[1], env)
                return value
            case "lambda":
                return Closure(rest[0], rest[1:], env)
            case "let":
                names = [b[0] for b in rest[0]]
                env = Env(names, [evaluate(b[1], env) for b in rest[0]], env)
                for form in rest[1:-1]:
                    evaluate(form, env)
                x = rest[-1]
                continue
            case "begin":
                for form in rest[:-1]:
                    evaluate(form, env)
                x = rest[-1]
                continue
        if isinstance(head, Symbol) and head in MACROS:
            x = MACROS[head](*rest)
            continue
        f = evaluate(head, env)
        args = [evaluate(a, env) for a in rest]
        if isinstance(f, Closure):
            env = f.bind(args)
            for form in f.body[:-1]:
                evaluate(form, env)
            x = f.body[-1]
            continue
        try:
            return f(*args)
        except LispError:
            raise
        except (TypeError, ValueError, ZeroDivisionError, IndexError) as e:
            raise LispError(f"{type(e).__name__}: {e}", x) from e


def fold(op, unit=None):
    return lambda *args: reduce(op, args) if args else unit


def chain(op):
    return lambda *args: all(op(a, b) for a, b in zip(args, args[1:]))


def standard():
    env = Env()
    table = {
        "+": fold(operator.add, 0),
        "*": fold(operator.mul, 1),
        "-": lambda a, *rest: -a if not rest else reduce(operator.sub, rest, a),
        "/": lambda a, b: a / b,
        "quotient": operator.floordiv,
        "modulo": operator.mod,
        "<": chain(operator.lt),
        ">": chain(operator.gt),
        "<=": chain(operator.le),
        "=": chain(operator.eq),
        "not": lambda x: x is False,
        "list": lambda *args: list(args),
        "car": lambda xs: xs[0],
        "cdr": lambda xs: xs[1:],
        "cons": lambda x, xs: [x, *xs],
        "null?": lambda xs: xs == [],
        "length": len,
        "append": fold(operator.add, []),
        "map": lambda f, *xs: [f(*args) for args in zip(*xs)],
        "apply": lambda f, xs: f(*xs),
        "sqrt": math.sqrt,
        "expt": pow,
        "symbol?": lambda x: isinstance(x, Symbol),
        "number->string": str,
        "string-append": fold(operator.add, ""),
    }
    env.update((Symbol(k), v) for k, v in table.items())
    return env


def run(text, env):
    tokens = tokenize(text)
    while True:
        try:
            form = read(tokens)
        except LispError as e:
            if str(e) == "unexpected end":
                return
            raise
        if form is CLOSE:
            raise LispError("unexpected )")
        try:
            value = evaluate(form, env)
        except LispError as e:
            cause = f" (caused by {type(e.__cause__).__name__})" if e.__cause__ else ""
            print(f"error: {e}{cause}")
            continue
        except RecursionError:
            print("error: too deep")
            continue
        if value is not None and not isinstance(value, Symbol):
            print(show(value))


PROGRAM = r"""
(define (fact n) (if (<= n 1) 1 (* n (fact (- n 1)))))
(fact 5) (fact 30)
(define (loop i acc) (if (= i 0) acc (loop (- i 1) (+ acc i))))
(loop 50000 0)             ; a tail call takes no stack
(define (compose . fs)
  (if (null? fs) (lambda (x) x)
      (lambda (x) ((car fs) ((apply compose (cdr fs)) x)))))
((compose (lambda (x) (* x x)) (lambda (x) (+ x 1))) 6)
(define-macro (unless test . body) `(if ,test #f (begin ,@body)))
(unless (> 1 2) "first" "second")
(define-macro (swap! a b) `(let ((tmp ,a)) (begin (set! ,a ,b) (set! ,b tmp))))
(define p 1) (define q 2) (swap! p q) (list p q)
(define (counter) (let ((n 0)) (lambda () (set! n (+ n 1)))))
(define c1 (counter)) (define c2 (counter))
(list (c1) (c1) (c2))
(map (lambda (a b) (+ a (* 10 b))) '(1 2 3) '(4 5 6))
'(a "b \"quoted\"" 1.5 (nested #t #f) ,unquoted)
(let ((xs '(3 1 2))) (append xs `(x ,@xs ,(length xs))))
(/ 1 0)
(car '())
(undefined-function 1)
(fact 1 2)
(+ 1 "x")
(define (deep n) (+ 1 (deep n)))
(sqrt 2) (expt 2 100) (quotient -7 2) (modulo -7 2)
(string-append "n = " (number->string 42))
"""

if __name__ == "__main__":
    environment = standard()
    run(PROGRAM, environment)
    print(len(Symbol.table) > 20, Symbol("x") is Symbol("x"), repr(Symbol("x")))
    for text in ("(1 2", ")"):
        try:
            run(text, environment)
        except LispError as error:
            print(type(error).__name__, error)
    print(sorted(k for k, v in environment.items() if isinstance(v, Closure)))
