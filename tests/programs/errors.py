"""Every shape of try: nesting, finally and its exits, chaining, notes, custom hierarchies, cleanup order."""


class Base(Exception):
    pass


class Retry(Base):
    def __init__(self, after):
        super().__init__("retry")
        self.after = after


log = []


class Resource:
    def __init__(self, name, fail_exit=False, swallow=()):
        self.name, self.fail_exit, self.swallow = name, fail_exit, swallow

    def __enter__(self):
        log.append(f"+{self.name}")
        return self

    def __exit__(self, kind, value, trace):
        log.append(f"-{self.name}:{kind.__name__ if kind else None}")
        if self.fail_exit:
            raise OSError(f"{self.name} does not close")
        return kind is not None and issubclass(kind, tuple(self.swallow) or ())


def outcome(function, *args):
    log.clear()
    try:
        result = function(*args)
    except BaseException as e:
        chain = []
        while e is not None:
            chain.append(f"{type(e).__name__}({', '.join(map(str, e.args))})")
            e = e.__cause__ or (None if e.__suppress_context__ else e.__context__)
        result = " <- ".join(chain)
    print(f"{function.__name__}{args}: {result} {log}")


def finally_order(n):
    try:
        log.append("try")
        if n == 1:
            return "returned"
        if n == 2:
            raise ValueError(n)
        log.append("end")
    except ValueError:
        log.append("except")
        raise
    else:
        log.append("else")
    finally:
        log.append("finally")
    return "fell through"


def loop_exits():
    out = []
    for i in range(5):
        try:
            if i == 1:
                continue
            if i == 3:
                break
            out.append(i)
        finally:
            out.append(-i)
    else:
        out.append("never")
    return out


def override():
    for _ in range(2):
        try:
            raise KeyError("lost")
        finally:
            break
    return "the exception is gone"


def chained(kind):
    try:
        1 / 0
    except ZeroDivisionError as e:
        if kind == "from":
            raise Base("explicit") from e
        if kind == "none":
            raise Base("hidden") from None
        raise Base("implicit")


def nested_with():
    with Resource("a"), Resource("b", swallow=[Base]) as b, Resource("c"):
        log.append(b.name)
        raise Retry(5)
    return "went on"


def failing_exit():
    with Resource("x"):
        with Resource("y", fail_exit=True):
            raise LookupError("inside")


def retrying(times):
    attempts = 0
    while True:
        try:
            attempts += 1
            if attempts < times:
                raise Retry(attempts)
            return attempts
        except Retry as r:
            log.append(r.after)
            if r.after > 3:
                raise RuntimeError("too often") from r


def name_goes_away():
    try:
        raise Base("x")
    except Base as problem:
        pass
    return problem


def tuple_clause(value):
    try:
        return [10, 20][value] / (value - 1)
    except (IndexError, TypeError) as e:
        return type(e).__name__
    except ArithmeticError:
        return "arithmetic"


def noted():
    try:
        int("forty")
    except ValueError as e:
        e.add_note("while reading the age")
        e.add_note("line 3")
        return e.__notes__, str(e)


def deep(n):
    return deep(n - 1) + 1 if n else 0


def too_deep():
    def down(n):
        return down(n + 1)
    try:
        down(0)
    except RecursionError as e:
        return str(e)


def main():
    for n in range(3):
        outcome(finally_order, n)
    outcome(loop_exits)
    outcome(override)
    for kind in "from", "none", "plain":
        outcome(chained, kind)
    outcome(nested_with)
    outcome(failing_exit)
    outcome(retrying, 3)
    outcome(retrying, 9)
    outcome(name_goes_away)
    for v in 0, 1, 2, "x":
        outcome(tuple_clause, v)
    outcome(noted)
    outcome(deep, 800)
    outcome(too_deep)
    outcome(lambda: [].pop())
    outcome(lambda: {}.popitem())
    outcome(lambda: "x" + 1)
    outcome(lambda: None.missing)
    outcome(lambda: (1).real.imag.nothing)
    outcome(lambda: len(5))
    outcome(lambda: [1, 2, 3].index(9))
    outcome(lambda: int("12x"))
    outcome(lambda a: a)
    outcome(lambda *, k: k, 3)
    try:
        raise ExceptionGroup("several", [ValueError(1), TypeError(2), ExceptionGroup("inner", [ValueError(3)])])
    except* ValueError as g:
        print("values", [str(e) for e in g.exceptions])
    except* TypeError as g:
        print("types", g.message, len(g.exceptions))
    try:
        raise Retry(1)
    except Base as e:
        print(repr(e), e.after, isinstance(e, Exception), Retry.__mro__[1].__name__)
    assert True, "never"
    try:
        assert 1 > 2, ("message", 3)
    except AssertionError as e:
        print(repr(e))


main()
