"""Shapes: abstract classes, properties, descriptors, operators, total_ordering, singledispatch, class hooks."""
import math
import operator
from abc import ABC, abstractmethod
from copy import copy, deepcopy
from functools import cached_property, reduce, singledispatch, singledispatchmethod, total_ordering
from typing import Protocol, runtime_checkable


class Positive:
    """Data descriptor: a number above zero, optionally bounded."""

    def __init__(self, limit=math.inf):
        self.limit = limit

    def __set_name__(self, owner, name):
        self.name, self.slot = name, "_" + name
        owner.checked = getattr(owner, "checked", ()) + (name,)

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return getattr(instance, self.slot)

    def __set__(self, instance, value):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"{type(instance).__name__}.{self.name} must be a number, not {type(value).__name__}")
        if not 0 < value <= self.limit:
            raise ValueError(f"{self.name} out of range: {value}")
        setattr(instance, self.slot, value)
        instance.__dict__.pop("diameter", None)

    def __delete__(self, instance):
        raise AttributeError(f"cannot delete {self.name}")


class lazy_class_property:
    """Non-data descriptor on the class itself."""

    def __init__(self, function):
        self.function = function

    def __get__(self, instance, owner):
        return self.function(owner)


class Vector:
    __slots__ = ("x", "y")
    __match_args__ = ("x", "y")

    def __init__(self, x=0, y=0):
        self.x, self.y = x, y

    def __iter__(self):
        return iter((self.x, self.y))

    def __eq__(self, other):
        return tuple(self) == tuple(other) if isinstance(other, Vector) else NotImplemented

    def __hash__(self):
        return hash(tuple(self))

    def __add__(self, other):
        match other:
            case Vector(x, y) | (x, y):
                return Vector(self.x + x, self.y + y)
        return NotImplemented

    __radd__ = __add__

    def __neg__(self):
        return Vector(-self.x, -self.y)

    def __sub__(self, other):
        return self + -other

    def __mul__(self, other):
        return Vector(self.x * other, self.y * other) if isinstance(other, (int, float)) else NotImplemented

    __rmul__ = __mul__

    def __matmul__(self, other):
        return sum(map(operator.mul, self, other))

    def __iadd__(self, other):
        self.x += other.x
        self.y += other.y
        return self

    def __abs__(self):
        return math.hypot(*self)

    def __bool__(self):
        return any(self)

    def __getitem__(self, index):
        return tuple(self)[index]

    def __round__(self, digits=None):
        return Vector(round(self.x, digits), round(self.y, digits))

    def __repr__(self):
        return f"Vector({self.x!r}, {self.y!r})"


@runtime_checkable
class Movable(Protocol):
    def move(self, by): ...


@total_ordering
class Shape(ABC):
    registry = {}

    def __init_subclass__(cls, /, corners=None, **rest):
        super().__init_subclass__(**rest)
        cls.corners = corners
        if "perimeter" in vars(cls) or cls.__init__ is not Shape.__init__:
            Shape.registry[cls.__name__.lower()] = cls

    def __init__(self, at=(0, 0)):
        self.at = Vector(*at)

    @property
    @abstractmethod
    def area(self): ...

    @abstractmethod
    def perimeter(self):
        return 0

    @lazy_class_property
    def label(cls):
        return f"{cls.__name__}/{cls.corners or 'round'}"

    def move(self, by):
        self.at += by
        return self

    def __eq__(self, other):
        return self.area == other.area if isinstance(other, Shape) else NotImplemented

    def __lt__(self, other):
        return self.area < other.area if isinstance(other, Shape) else NotImplemented

    __hash__ = object.__hash__

    def __add__(self, other):
        return Group(self, other) if isinstance(other, Shape) else NotImplemented

    def __repr__(self):
        values = ", ".join(f"{name}={getattr(self, name)}" for name in getattr(self, "checked", ()))
        return f"<{type(self).__name__} {values}>"


class Circle(Shape):
    radius = Positive(limit=1000)

    def __init__(self, radius, **rest):
        super().__init__(**rest)
        self.radius = radius

    @property
    def area(self):
        return math.pi * self.radius ** 2

    @cached_property
    def diameter(self):
        return 2 * self.radius

    def perimeter(self):
        return super().perimeter() + math.tau * self.radius


class Rectangle(Shape, corners=4):
    width = Positive()
    height = Positive()

    def __init__(self, width, height, **rest):
        super().__init__(**rest)
        self.width, self.height = width, height

    @property
    def area(self):
        return self.width * self.height

    @area.setter
    def area(self, value):
        factor = math.sqrt(value / self.area)
        self.width *= factor
        self.height *= factor

    def perimeter(self):
        return 2 * (self.width + self.height)


class Square(Rectangle, corners=4):
    def __init__(self, side, **rest):
        super().__init__(side, side, **rest)

    @classmethod
    def with_area(cls, area):
        return cls(math.sqrt(area))


class Group(Shape):
    def __init__(self, *parts):
        super().__init__()
        self.parts = [p for part in parts for p in (part.parts if isinstance(part, Group) else [part])]

    area = property(lambda self: sum(p.area for p in self.parts), doc="of all parts")

    def perimeter(self):
        return sum(p.perimeter() for p in self.parts)

    def __len__(self):
        return len(self.parts)


@singledispatch
def describe(thing, /):
    return f"unknown {type(thing).__name__}"


@describe.register
def _(thing: Shape):
    return f"shape of {thing.area:.2f}"


@describe.register
def _(thing: Circle):
    return f"circle r={thing.radius}"


@describe.register(list)
@describe.register(tuple)
def _(things):
    return "[" + "; ".join(map(describe, things)) + "]"


class Canvas:
    def __init__(self):
        self.log = []

    @singledispatchmethod
    def draw(self, what):
        raise TypeError(f"cannot draw {type(what).__name__}")

    @draw.register
    def _(self, what: Shape):
        self.log.append(what.label)

    @draw.register
    def _(self, what: str):
        self.log.append(what.upper())


def main():
    circle, flat, square = Circle(2), Rectangle(2, 3.5, at=(1, 1)), Square(3)
    print([circle, flat, square], sorted(Shape.registry), [s.label for s in (circle, flat, square)], Circle.label)
    print([f"{s.area:.3f}" for s in sorted([circle, flat, square])], max(circle, flat, square), square >= flat, circle != flat)
    print(Square(2) == Rectangle(1, 4), Square(2) == 4, Square.with_area(16), Rectangle.checked, Circle.radius.limit, Circle.area.fset, Group.area.__doc__)
    print(circle.diameter, "diameter" in vars(circle), setattr(circle, "radius", 5), "diameter" in vars(circle), circle.diameter, circle.perimeter())
    square.area = 81
    print(square, square.perimeter(), flat.move(Vector(2, -1)).at, isinstance(flat, Movable), isinstance(3, Movable), issubclass(Square, Shape))
    both = circle + flat + square
    print(len(both), both.parts, round(both.area, 4), both > square, type(both + both).__name__, len(both + both))
    print(describe(circle), describe(square), describe([circle, (flat, 5)]), describe("x"), describe.dispatch(Square) is describe.dispatch(Shape))
    canvas = Canvas()
    for item in square, "text", both:
        canvas.draw(item)
    print(canvas.log)

    v, w = Vector(3, 4), Vector(-1, 2)
    print(v + w, v - w, v * 2, 0.5 * w, v @ w, abs(v), -v, v + (1, 1), (1, 1) + v, bool(Vector()), v[0], v[-1], [*v], v == Vector(3, 4), v != w, {v: 1}[Vector(3, 4)])
    alias = v
    v += w
    print(v, alias is v, round(Vector(1.256, -2.555), 1), reduce(operator.add, [Vector(i, i * i) for i in range(5)]), sum([v, w], Vector()))
    twin, deep = copy(flat), deepcopy(flat)
    flat.move(Vector(10, 10))
    print(twin.at, deep.at, twin == flat, twin is flat, copy(w) == w)

    class Half(Shape):
        area = 3
    attempts = [lambda: Shape(), lambda: Half(), lambda: Circle(-1), lambda: Circle("2"), lambda: Circle(True), lambda: Circle(2000),
                lambda: delattr(circle, "radius"), lambda: setattr(circle, "area", 2), lambda: circle < 3, lambda: circle + 1, lambda: v * w,
                lambda: setattr(v, "z", 1), lambda: canvas.draw(5), lambda: Rectangle(1), lambda: Rectangle(1, 2, color=3), lambda: v + 1]
    for attempt in attempts:
        try:
            print("?", attempt())
        except (TypeError, ValueError, AttributeError) as error:
            print(type(error).__name__, error)
    print(sorted(Shape.__abstractmethods__), sorted(Half.__abstractmethods__), [c.__name__ for c in Square.__mro__])


main()
