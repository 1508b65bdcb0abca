"""A ledger with transactions as context managers, groups of errors, notes and except*."""
import sys
from collections import defaultdict
from contextlib import AbstractContextManager, ContextDecorator, ExitStack, contextmanager, suppress
from copy import deepcopy


class LedgerError(Exception):
    code = 1


class Overdrawn(LedgerError):
    code = 2

    def __init__(self, account, by):
        self.account, self.by = account, by
        super().__init__(f"{account} overdrawn by {by}")


class Frozen(LedgerError):
    code = 3


class Unbalanced(LedgerError, ArithmeticError):
    code = 4


class BatchErrors(ExceptionGroup):
    def derive(self, excs):
        return BatchErrors(self.message, excs)

    def worst(self):
        return max((e.worst() if isinstance(e, BatchErrors) else getattr(e, "code", 0)) for e in self.exceptions)


class Ledger:
    def __init__(self, **opening):
        self.balances = defaultdict(int, opening)
        self.frozen = set()
        self.entries = []
        self.depth = 0

    def post(self, account, amount):
        if account in self.frozen:
            raise Frozen(f"{account} is frozen")
        left = self.balances[account] + amount
        if left < 0 and account != "bank":
            raise Overdrawn(account, -left)
        self.balances[account] = left
        self.entries.append((account, amount))

    def transfer(self, source, target, amount):
        if amount != amount // 1:
            raise ValueError(f"whole cents only, not {amount}")
        with Transaction(self, f"{source}->{target}"):
            self.post(target, amount)
            self.post(source, -amount)

    def show(self, title):
        print(f"{title}:", ", ".join(f"{k}={v}" for k, v in sorted(self.balances.items())), f"[{len(self.entries)} entries]")


class Transaction(AbstractContextManager):
    history = []

    def __init__(self, ledger, name):
        self.ledger, self.name = ledger, name

    def __enter__(self):
        self.saved = deepcopy(dict(self.ledger.balances)), len(self.ledger.entries)
        self.ledger.depth += 1
        return self

    def __exit__(self, kind, error, traceback):
        self.ledger.depth -= 1
        if error is None:
            total = sum(amount for _, amount in self.ledger.entries[self.saved[1]:])
            if total == 0:
                self.history.append(f"{self.name} ok")
                return False
            self.rollback()
            raise Unbalanced(f"{self.name} is off by {total}")
        self.rollback()
        error.add_note(f"rolled back {self.name} at depth {self.ledger.depth}")
        self.history.append(f"{self.name} {kind.__name__}")
        return False

    def rollback(self):
        self.ledger.balances = defaultdict(int, self.saved[0])
        del self.ledger.entries[self.saved[1]:]


class counted(ContextDecorator):
    calls = 0

    def __enter__(self):
        type(self).calls += 1
        return self

    def __exit__(self, *details):
        return False


@counted()
def batch(ledger, title, orders):
    errors = []
    for order in orders:
        try:
            if isinstance(order, dict):
                for inner, more in order.items():
                    batch(ledger, inner, more)
            else:
                ledger.transfer(*order)
        except (LedgerError, ValueError, TypeError, BatchErrors) as error:
            errors.append(error)
    if errors:
        raise BatchErrors(title, errors)


@contextmanager
def freeze(ledger, *accounts):
    added = set(accounts) - ledger.frozen
    ledger.frozen |= added
    try:
        yield sorted(ledger.frozen)
    finally:
        ledger.frozen -= added


def tree(error, indent=0):
    notes = "".join(f" ({n})" for n in getattr(error, "__notes__", []))
    print("  " * indent + f"{type(error).__name__}: {error}{notes}")
    for inner in getattr(error, "exceptions", ()):
        tree(inner, indent + 1)


def handle(label, work):
    seen = []
    try:
        try:
            work()
        except* Overdrawn as group:
            seen.append(("overdrawn", sorted(e.by for e in leaves(group))))
        except* (Frozen, Unbalanced) as group:
            seen.append(("refused", sorted(str(e) for e in leaves(group))))
        except* ValueError as group:
            seen.append(("value", len(list(leaves(group))), type(group).__name__))
        else:
            seen.append("fine")
        finally:
            seen.append("done")
    except ExceptionGroup as rest:
        seen.append(("left", [type(e).__name__ for e in leaves(rest)]))
    print(label, *seen)


def leaves(group):
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error


def main():
    ledger = Ledger(ann=100, bob=50)
    ledger.transfer("ann", "bob", 30)
    ledger.show("start")
    try:
        ledger.transfer("ann", "bob", 71)
    except Overdrawn as error:
        tree(error)
        print(error.account, error.by, error.code, error.args)
    ledger.show("after failure")
    try:
        with Transaction(ledger, "outer"):
            ledger.transfer("bob", "cid", 10)
            with Transaction(ledger, "inner"):
                ledger.post("cid", 5)
    except Unbalanced as error:
        tree(error)
        print(isinstance(error, ArithmeticError), error.code)
    ledger.show("after unbalanced")

    orders = [("ann", "bob", 5), ("bob", "dan", 10 ** 6), ("ann", "eve", 1.5),
              {"night": [("cid", "ann", 1), ("dan", "cid", 7), {"deep": [("bob", "ann", 20), ("bob", "ann", "x")]}]},
              ("ann",)]
    with freeze(ledger, "cid") as cold:
        print("frozen", cold)
        try:
            batch(ledger, "day", orders)
        except BatchErrors as error:
            tree(error)
            print("worst", error.worst(), len(list(leaves(error))))
            hit, rest = error.split(Overdrawn)
            print(type(hit).__name__, [str(e) for e in leaves(hit)], [type(e).__name__ for e in leaves(rest)])
            only = error.subgroup(lambda e: isinstance(e, TypeError))
            print(repr(only.message), len(only.exceptions), error.subgroup(KeyError))
        handle("full", lambda: batch(ledger, "again", orders[1:]))
    handle("plain", lambda: batch(ledger, "plain", [("ann", "bob", 1), {"sub": [("bob", "ann", 1)]}]))
    handle("single", lambda: ledger.transfer("bob", "ann", 10 ** 9))
    handle("values", lambda: batch(ledger, "values", [("ann", "bob", 0.5), ("ann", "bob", 1.25), ("zed", "bob", 3)]))
    ledger.show("end")
    print(ledger.frozen, ledger.depth, counted.calls)
    print(*Transaction.history, sep=" | ")

    steps = []
    with suppress(LedgerError), ExitStack() as stack:
        for name in "first", "second":
            stack.enter_context(Transaction(ledger, name))
            stack.callback(steps.append, name)
        ledger.post("ann", 3)
        ledger.post("nobody", -1)
        steps.append("unreachable")
    print(steps, Transaction.history[-2:], ledger.balances["nobody"], sys.exc_info())

    for make in (lambda: ExceptionGroup("none", []), lambda: ExceptionGroup("bad", [3]), lambda: ExceptionGroup("base", [KeyboardInterrupt()])):
        try:
            make()
        except (TypeError, ValueError) as error:
            print(type(error).__name__, error)
    print(type(BaseExceptionGroup("b", [ValueError()])).__name__, type(BaseExceptionGroup("b", [SystemExit()])).__name__)
    try:
        try:
            raise ExceptionGroup("two", [OSError("disk"), KeyError("k")])
        except* OSError as group:
            raise LedgerError("replaced") from group.exceptions[0]
    except ExceptionGroup as error:
        tree(error)
        print([repr(e.__cause__) for e in error.exceptions])


main()
