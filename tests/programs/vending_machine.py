"""A vending machine: enums for states and coins, a match based transition function, a scripted session."""
from collections import namedtuple
from dataclasses import dataclass, field
from enum import Enum, Flag, IntEnum, auto, unique


class State(Enum):
    IDLE = auto()
    COLLECTING = auto()
    DISPENSING = auto()
    OUT_OF_ORDER = auto()

    @property
    def accepts_money(self):
        return self in (State.IDLE, State.COLLECTING)

    def __str__(self):
        return self.name.lower().replace("_", " ")


@unique
class Coin(IntEnum):
    FIVE = 5
    TEN = 10
    TWENTY = 20
    FIFTY = 50
    EURO = 100

    @classmethod
    def descending(cls):
        return sorted(cls, reverse=True)


class Fault(Flag):
    NONE = 0
    JAM = auto()
    DOOR = auto()
    POWER = auto()
    MECHANICAL = JAM | DOOR


Product = namedtuple("Product", "slot name price", defaults=[100])


@dataclass
class Insert:
    coin: Coin


@dataclass
class Select:
    slot: str


@dataclass
class Service:
    action: str
    arguments: tuple = ()


class Cancel:
    __match_args__ = ()


class Rejected(Exception):
    pass


@dataclass
class Machine:
    products: dict[str, Product]
    stock: dict[str, int]
    state: State = State.IDLE
    credit: int = 0
    faults: Fault = Fault.NONE
    box: dict[Coin, int] = field(default_factory=lambda: dict.fromkeys(Coin, 1))
    sold: list[str] = field(default_factory=list)

    def handle(self, event):
        match self.state, event:
            case State.OUT_OF_ORDER, Service("repair", (Fault() as fault,)):
                self.faults &= ~fault
                if not self.faults:
                    self.state = State.COLLECTING if self.credit else State.IDLE
                return f"faults left: {self.faults.value}"
            case State.OUT_OF_ORDER, Insert(coin):
                raise Rejected(f"returned {coin.name}")
            case State.OUT_OF_ORDER, _:
                raise Rejected("machine is " + str(self.state))
            case _, Insert(coin=Coin.FIVE):
                raise Rejected("no five cent coins")
            case (State.IDLE | State.COLLECTING) as before, Insert(Coin() as coin):
                self.credit += coin
                self.box[coin] += 1
                self.state = State.COLLECTING
                return f"{before} -> {self.state}, credit {self.credit}"
            case State.IDLE, Select(slot) if slot in self.products:
                return f"{self.products[slot].name} costs {self.products[slot].price}"
            case State.COLLECTING, Select(slot) if self.stock.get(slot, 0) > 0:
                return self.sell(self.products[slot])
            case _, Select(slot=str(slot)):
                raise Rejected(f"nothing in {slot}")
            case State.COLLECTING, Cancel():
                back = self.change(self.credit)
                self.state = State.IDLE
                return "refund " + show(back)
            case _, Cancel():
                return "nothing to cancel"
            case _, Service("fault", [Fault() as first, *others]):
                for fault in [first, *others]:
                    self.faults |= fault
                self.state = State.OUT_OF_ORDER
                return f"{len(others) + 1} fault(s), mechanical: {bool(self.faults & Fault.MECHANICAL)}"
            case _, Service("refill", (slot, int(count))) if count > 0:
                self.stock[slot] = self.stock.get(slot, 0) + count
                return f"{slot} has {self.stock[slot]}"
            case _, Service(action):
                raise Rejected(f"unknown service {action!r}")
            case _, other:
                raise TypeError(f"not an event: {other!r}")

    def sell(self, product):
        if self.credit < product.price:
            raise Rejected(f"{product.price - self.credit} short for {product.name}")
        self.state = State.DISPENSING
        back = self.change(self.credit - product.price)
        self.stock[product.slot] -= 1
        self.sold.append(product.name)
        self.state = State.IDLE
        return f"enjoy your {product.name}, change {show(back)}"

    def change(self, amount):
        coins = []
        for coin in Coin.descending():
            while amount >= coin and self.box[coin]:
                amount -= coin
                self.box[coin] -= 1
                coins.append(coin)
        self.credit = amount
        return coins


def show(coins):
    return "+".join(str(int(coin)) for coin in coins) or "none"


def parse(line):
    match line.split():
        case ["coin", name]:
            return Insert(Coin[name.upper()])
        case ["coin", name, "x", times]:
            return [Insert(Coin[name.upper()])] * int(times)
        case ["press", slot]:
            return Select(slot)
        case ["cancel"] | ["stop"]:
            return Cancel()
        case ["break", *names] if names:
            return Service("fault", tuple(Fault[n] for n in names))
        case ["repair", name]:
            return Service("repair", (Fault[name],))
        case ["fill", slot, count]:
            return Service("refill", (slot, int(count)))
        case []:
            raise SyntaxError("empty line")
        case [word, *_]:
            return {"kick": 42, "dance": Service("dance")}[word]


SCRIPT = """press A1
coin euro
coin twenty
press A1
coin five
press B7
coin fifty x 3
press A2
press A2
cancel
cancel
break JAM POWER
coin ten
press A1
repair JAM
repair POWER
fill A2 4
dance
kick
coin gold
wiggle

coin twenty x 2
break DOOR
repair MECHANICAL
stop
fill A1 none"""


def main():
    goods = [Product("A1", "water", 110), Product("A2", "crisps"), Product("B1", "gum", 40)]
    machine = Machine({p.slot: p for p in goods}, {"A1": 2, "A2": 1})
    for number, line in enumerate(SCRIPT.split("\n"), 1):
        try:
            events = parse(line)
            for event in events if isinstance(events, list) else [events]:
                print(f"{number:2} [{machine.state}] {machine.handle(event)}")
        except Rejected as reason:
            print(f"{number:2} [{machine.state}] rejected: {reason}")
        except (KeyError, TypeError, ValueError, SyntaxError) as error:
            print(f"{number:2} {type(error).__name__}: {error}")
    print(machine.sold, machine.stock, machine.credit)
    print({coin.name: count for coin, count in machine.box.items()}, sum(c * n for c, n in machine.box.items()))
    print(list(State), State(2), State["IDLE"].accepts_money, repr(Coin.TEN), Coin(50) + 1, len(Coin))
    print(Fault.MECHANICAL, Fault.JAM in Fault.MECHANICAL, [f.name for f in Fault.MECHANICAL], Fault(5), ~Fault.JAM)
    try:
        Coin(3)
    except ValueError as error:
        print(error)


main()
