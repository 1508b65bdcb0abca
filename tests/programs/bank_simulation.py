"""Event-driven simulation with dataclasses, enums, heaps, context managers, properties, protocols and reports."""
import heapq
import itertools
import json
import random
from collections import Counter, ChainMap, OrderedDict, defaultdict, deque, namedtuple
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from enum import Enum, Flag, IntEnum, auto
from functools import cached_property, lru_cache, partial, singledispatch, total_ordering, wraps
from typing import Any, Callable, ClassVar, Generic, Iterator, NamedTuple, Protocol, TypeVar


class Level(IntEnum):
    LOW = 1
    HIGH = 3
    MIDDLE = 2


class Rights(Flag):
    READ = auto()
    WRITE = auto()
    ADMIN = READ | WRITE


class Status(Enum):
    OPEN = "open"
    CLOSED = "closed"

    @property
    def final(self) -> bool:
        return self is Status.CLOSED

    @classmethod
    def _missing_(cls, value):
        for member in cls:
            if isinstance(value, str) and member.value == value.lower():
                return member
        return None


Money = namedtuple("Money", "units cents", defaults=[0])


class Entry(NamedTuple):
    when: float
    what: str
    amount: int = 0

    def signed(self) -> str:
        return f"{self.amount:+,d}"


def logged(function: Callable | None = None, *, prefix: str = "call"):
    if function is None:
        return partial(logged, prefix=prefix)

    @wraps(function)
    def wrapper(self, *args, **kwargs):
        self.log.append(f"{prefix} {function.__name__}{args}{kwargs or ''}")
        try:
            return function(self, *args, **kwargs)
        except ValueError as e:
            self.log.append(f"failed: {e}")
            raise

    return wrapper


@total_ordering
@dataclass(eq=False)
class Account:
    owner: str
    balance: int = 0
    level: Level = Level.LOW
    rights: Rights = Rights.READ
    history: list[Entry] = field(default_factory=list, repr=False)
    log: list[str] = field(default_factory=list, repr=False, compare=False)
    count: ClassVar[int] = 0

    def __post_init__(self):
        type(self).count += 1
        self.id = f"{self.owner[:2].upper()}{Account.count:03}"

    def __eq__(self, other):
        return (self.balance, self.owner) == (other.balance, other.owner) if isinstance(other, Account) else NotImplemented

    def __lt__(self, other):
        return (self.balance, self.owner) < (other.balance, other.owner)

    __hash__ = object.__hash__

    @logged
    def deposit(self, amount, when=0.0):
        if amount <= 0:
            raise ValueError(f"bad amount {amount}")
        self.balance += amount
        self.history.append(Entry(when, "deposit", amount))

    @logged(prefix="try")
    def withdraw(self, amount, when=0.0, *, force=False):
        if amount > self.balance and not force:
            raise ValueError(f"{self.owner} lacks {amount - self.balance}")
        self.balance -= amount
        self.history.append(Entry(when, "withdraw", -amount))

    @cached_property
    def first(self) -> Entry | None:
        return self.history[0] if self.history else None


@singledispatch
def describe(thing) -> str:
    return f"<{type(thing).__name__}>"


@describe.register
def _(thing: int) -> str:
    return f"int {thing:#x}"


@describe.register(list)
@describe.register(tuple)
def _(thing) -> str:
    return "[" + ", ".join(describe(t) for t in thing) + "]"


@describe.register
def _(thing: Account) -> str:
    return f"{thing.id}: {thing.balance:>8,}"


@contextmanager
def transaction(*accounts: Account) -> Iterator[list[int]]:
    saved = [a.balance for a in accounts]
    try:
        yield saved
    except ValueError as e:
        for a, b in zip(accounts, saved):
            a.balance = b
        print("rolled back:", e)
    else:
        print("committed", [a.balance - b for a, b in zip(accounts, saved)])
    finally:
        saved.clear()


T = TypeVar("T")


class Queue(Generic[T]):
    def __init__(self):
        self._heap: list[tuple[float, int, T]] = []
        self._ticket = itertools.count()

    def push(self, when: float, item: T) -> None:
        heapq.heappush(self._heap, (when, next(self._ticket), item))

    def __iter__(self):
        while self._heap:
            when, _, item = heapq.heappop(self._heap)
            yield when, item

    def __len__(self):
        return len(self._heap)

    def __bool__(self):
        return bool(self._heap)


class Handler(Protocol):
    def __call__(self, bank: "Bank", when: float) -> None: ...


class Bank:
    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.accounts: OrderedDict[str, Account] = OrderedDict()
        self.queue: Queue[Handler] = Queue()
        self.stats: Counter[str] = Counter()
        self.recent: deque[str] = deque(maxlen=3)

    def open(self, owner, **options):
        self.accounts[owner] = account = Account(owner, **options)
        return account

    def schedule(self, n):
        names = list(self.accounts)
        for _ in range(n):
            when = round(self.random.expovariate(0.5), 3)
            a, b = self.random.sample(names, 2)
            amount = self.random.randrange(10, 500)
            self.queue.push(when, partial(self.transfer, a, b, amount))

    def transfer(self, a, b, amount, when):
        try:
            self.accounts[a].withdraw(amount, when)
        except ValueError as e:
            self.stats["refused"] += 1
            self.recent.append(str(e))
        else:
            self.accounts[b].deposit(amount, when)
            self.stats[f"{a[0]}>{b[0]}"] += 1

    def run(self):
        last = 0.0
        for when, action in self.queue:
            assert when >= last, "time goes forward"
            action(when)
            last = when
        return last


@lru_cache(maxsize=None)
def ways(amount: int, coins: tuple[int, ...]) -> int:
    if amount == 0:
        return 1
    if amount < 0 or not coins:
        return 0
    return ways(amount - coins[0], coins) + ways(amount, coins[1:])


def main():
    bank = Bank(42)
    for i, owner in enumerate(["Ann", "Bob", "Cyd", "Dee"]):
        bank.open(owner, balance=300 * (i + 1), level=list(Level)[i % 3])
    bank.schedule(40)
    print(f"{len(bank.queue)} events, ended at {bank.run():.3f}")
    for account in sorted(bank.accounts.values(), reverse=True):
        print(account, account.first and account.first.signed())
    print(bank.stats.most_common(4), sum(bank.stats.values()))
    print(*bank.recent, sep="\n")
    ann, bob = bank.accounts["Ann"], bank.accounts["Bob"]
    with transaction(ann, bob):
        ann.deposit(100)
        bob.withdraw(1, force=True)
    with transaction(ann, bob):
        ann.deposit(5)
        bob.withdraw(10**9)
    with ExitStack() as stack, suppress(KeyError):
        for n in range(3):
            stack.callback(print, "closing", n)
        {}["missing"]
    print(ann.log[-2:], bob.log[-1])
    print(describe([1, 255, (ann, None, "x")]), describe.dispatch(bool) is describe.dispatch(int))
    print(Level.MIDDLE < Level.HIGH, [m.name for m in Level], Level(3), f"{Level.HIGH:>5}|", Level.HIGH + 1)
    print(Rights.ADMIN, Rights.READ in Rights.ADMIN, ~Rights.READ, Rights(0), list(Rights.ADMIN))
    print(Status("OPEN"), Status.CLOSED.final, Status["OPEN"].value, repr(Status.OPEN))
    try:
        Status("gone")
    except ValueError as e:
        print(e)
    print(Money(3), Money(3, 5)._replace(cents=9), Money._fields, Money._field_defaults, Money(1) + (2,))
    changed = replace(ann, owner="Zed", history=[])
    print(changed.id, Account.count, [f.name for f in fields(Account)], changed == ann)
    print(json.dumps({"b": asdict(bob)["history"][:1], "r": [True, None, 1.5e300, "é\u2028"]}, indent=1, sort_keys=True))
    print(ChainMap({"a": 1}, {"a": 2, "b": 3}), dict(ChainMap({"a": 1}, {"a": 2, "b": 3})))
    print(ways(100, (50, 25, 10, 5, 1)), ways.cache_info())
    groups = defaultdict(lambda: defaultdict(int))
    for account in bank.accounts.values():
        for entry in account.history:
            groups[account.owner][entry.what] += entry.amount
    print({k: dict(v) for k, v in groups.items()})


if __name__ == "__main__":
    main()
