"""A warehouse inventory built from dataclasses: defaults, ordering, frozen keys, replace, asdict."""
from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import FrozenInstanceError, asdict, astuple, dataclass, field, fields, replace
from typing import ClassVar


class OutOfStock(LookupError):
    def __init__(self, sku, wanted, available):
        super().__init__(f"{sku}: wanted {wanted}, only {available} left")
        self.sku = sku
        self.missing = wanted - available


@dataclass(frozen=True, order=True)
class Sku:
    family: str
    number: int

    def __post_init__(self):
        if not self.family.isalpha():
            raise ValueError(f"bad family {self.family!r}")
        if self.number < 0:
            raise ValueError(f"bad number {self.number}")

    def __str__(self):
        return f"{self.family.upper()}-{self.number:04d}"

    @classmethod
    def parse(cls, text):
        family, sep, number = text.partition("-")
        if not sep:
            raise ValueError(f"no dash in {text!r}")
        return cls(family.lower(), int(number))


@dataclass
class Product:
    sku: Sku
    name: str
    price_cents: int
    tags: list[str] = field(default_factory=list)
    discount: int = field(default=0, compare=False)
    note: str = field(default="", repr=False, kw_only=True)

    currency: ClassVar[str] = "EUR"

    @property
    def price(self) -> str:
        cents = self.price_cents * (100 - self.discount) // 100
        return f"{cents // 100}.{cents % 100:02d} {self.currency}"


@dataclass(order=True)
class StockLine:
    quantity: int
    product: Product = field(compare=False)
    shelf: str = "A1"
    moves: int = field(default=0, init=False, repr=False)

    @property
    def value(self):
        return self.quantity * self.product.price_cents


@dataclass
class Warehouse:
    name: str
    lines: dict[Sku, StockLine] = field(default_factory=dict)
    journal: list[tuple[str, str, int]] = field(default_factory=list, repr=False)

    def receive(self, product, quantity, shelf="A1"):
        line = self.lines.get(product.sku)
        if line is None:
            self.lines[product.sku] = line = StockLine(0, product, shelf)
        line.quantity += quantity
        line.moves += 1
        self.journal.append(("in", str(product.sku), quantity))
        return line

    def ship(self, sku, quantity):
        line = self.lines[sku]
        if quantity > line.quantity:
            raise OutOfStock(sku, quantity, line.quantity)
        line.quantity -= quantity
        line.moves += 1
        self.journal.append(("out", str(sku), quantity))

    def by_tag(self):
        groups = defaultdict(list)
        for sku in sorted(self.lines):
            for tag in self.lines[sku].product.tags or ["untagged"]:
                groups[tag].append(sku.number)
        return dict(groups)

    def total(self):
        return sum(line.value for line in self.lines.values())


def build():
    house = Warehouse("north")
    catalogue = [
        ("tool-17", "hammer", 1599, ["steel", "hand"]),
        ("tool-3", "saw", 2250, ["steel"]),
        ("paint-44", "red paint", 899, []),
        ("paint-45", "blue paint", 949, ["sale"]),
        ("wood-1", "plank", 410, ["sale", "long"]),
    ]
    for position, (code, name, cents, tags) in enumerate(catalogue, 1):
        product = Product(Sku.parse(code), name, cents, tags, note=f"item {position}")
        house.receive(product, position * 7 % 10 + 1, shelf=f"{'ABC'[position % 3]}{position}")
    return house


def report(house):
    print(f"== {house.name}: {len(house.lines)} lines worth {house.total() / 100:.2f}")
    for sku, line in sorted(house.lines.items(), key=lambda item: item[0]):
        product = line.product
        print(f"{sku!s:<11}{product.name:<12}{line.quantity:>4} x {product.price:>10}  {line.shelf}")


def failures(house):
    attempts = [
        lambda: house.ship(Sku("tool", 17), 500),
        lambda: house.ship(Sku("tool", 99), 1),
        lambda: Sku.parse("nodash"),
        lambda: Sku.parse("t00l-4"),
        lambda: Sku.parse("tool-x"),
        lambda: setattr(Sku("tool", 1), "number", 2),
        lambda: Product(Sku("tool", 1), "thing"),
        lambda: Sku("tool", 1) < ("tool", 1),
    ]
    for attempt in attempts:
        try:
            attempt()
        except OutOfStock as error:
            print("out of stock:", error, "missing", error.missing)
        except FrozenInstanceError as error:
            print("frozen:", error)
        except (KeyError, ValueError, TypeError) as error:
            print(f"{type(error).__name__}: {error}")


def main():
    house = build()
    report(house)
    hammer = house.lines[Sku("tool", 17)].product
    print(hammer)
    twin = replace(hammer, discount=25)
    print(twin == hammer, twin is hammer, twin.price, hammer.price, twin.tags is hammer.tags)
    print(replace(twin, name="mallet", tags=[]) == twin)
    failures(house)

    for code, quantity in [("tool-17", 3), ("wood-1", 6), ("paint-44", 1), ("tool-3", 5)]:
        house.ship(Sku.parse(code), quantity)
    report(house)
    print(house.by_tag())
    print([str(line.product.sku) for line in sorted(house.lines.values())])
    print(max(house.lines.values()).product.name, min(house.lines.values()).shelf)

    line = house.lines[Sku("wood", 1)]
    print(asdict(line))
    print(astuple(line.product))
    print([f.name for f in fields(Product)], [f.name for f in fields(StockLine) if f.compare])
    print(hash(Sku("a", 1)) == hash(Sku("a", 1)), {Sku("a", 1), Sku("a", 1), Sku("b", 0)} == {Sku("b", 0), Sku("a", 1)})
    try:
        hash(line)
    except TypeError as error:
        print(error)

    moved = Counter()
    for direction, sku, quantity in house.journal:
        moved[sku] += quantity if direction == "in" else -quantity
    print(moved.most_common(3), moved.total())
    Product.currency = "CHF"
    print(hammer.price, house)


main()
