"""The object model: inheritance, descriptors, slots, metaclasses, hooks, special methods."""


class Typed:
    def __init__(self, kind):
        self.kind = kind

    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, obj, owner=None):
        return self if obj is None else getattr(obj, self.name, None)

    def __set__(self, obj, value):
        if not isinstance(value, self.kind):
            raise TypeError(f"{self.name[1:]} must be {self.kind.__name__}, not {type(value).__name__}")
        setattr(obj, self.name, value)

    def __delete__(self, obj):
        delattr(obj, self.name)


class Person:
    name = Typed(str)
    age = Typed(int)

    def __init__(self, name, age):
        self.name, self.age = name, age

    def __str__(self):
        return f"{self.name} ({self.age})"


class Registry(type):
    classes = {}

    def __new__(meta, name, bases, namespace, **options):
        cls = super().__new__(meta, name, bases, namespace)
        meta.classes[name] = options
        return cls

    def __init__(cls, name, bases, namespace, **options):
        super().__init__(name, bases, namespace)
        cls.options = options

    def __call__(cls, *args):
        made = super().__call__(*args)
        made.made_by = cls.__name__
        return made

    def __len__(cls):
        return len(cls.options)


class Shape(metaclass=Registry):
    def __init_subclass__(cls, sides=0, **rest):
        super().__init_subclass__(**rest)
        cls.sides = sides

    def area(self):
        raise NotImplementedError


class Square(Shape, sides=4):
    def __init__(self, edge):
        self.edge = edge

    def area(self):
        return self.edge ** 2


class A:
    def who(self):
        return ["A"]


class B(A):
    def who(self):
        return ["B"] + super().who()


class C(A):
    def who(self):
        return ["C"] + super().who()


class D(B, C):
    def who(self):
        return ["D"] + super().who()


class Vector:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        if isinstance(k, Vector):
            return self.x * k.x + self.y * k.y
        return Vector(self.x * k, self.y * k)

    def __rmul__(self, k):
        return self * k

    def __iadd__(self, other):
        self.x += other.x
        self.y += other.y
        return self

    def __eq__(self, other):
        return isinstance(other, Vector) and (self.x, self.y) == (other.x, other.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def __iter__(self):
        yield self.x
        yield self.y

    def __len__(self):
        return 2

    def __getitem__(self, i):
        return (self.x, self.y)[i]

    def __bool__(self):
        return bool(self.x or self.y)

    def __repr__(self):
        return f"Vector({self.x}, {self.y})"

    def __format__(self, spec):
        return f"<{self.x:{spec}}, {self.y:{spec}}>"

    def __call__(self, k):
        return self * k

    def __neg__(self):
        return Vector(-self.x, -self.y)

    def __contains__(self, v):
        return v in (self.x, self.y)


class Proxy:
    def __init__(self, target):
        object.__setattr__(self, "target", target)

    def __getattr__(self, name):
        return f"proxied {getattr(self.target, name)}"

    def __setattr__(self, name, value):
        setattr(self.target, name, value * 2)


class Temperature:
    def __init__(self, celsius):
        self._celsius = celsius

    @property
    def fahrenheit(self):
        """Degrees Fahrenheit."""
        return self._celsius * 9 / 5 + 32

    @fahrenheit.setter
    def fahrenheit(self, value):
        self._celsius = (value - 32) * 5 / 9

    @staticmethod
    def freezing():
        return Temperature(0)

    @classmethod
    def of(cls, *values):
        return [cls(v) for v in values]


class Countdown(list):
    def __init__(self, n):
        super().__init__(range(n, 0, -1))

    def append(self, x):
        super().append(x * 100)


class Meters(float):
    def __add__(self, other):
        return Meters(float(self) + other)

    def __repr__(self):
        return f"{float(self)}m"


def main():
    p = Person("Ada", 36)
    print(p, Person.name.kind, p.__dict__)
    for bad in (lambda: Person("Bob", "x"), lambda: setattr(p, "name", 3)):
        try:
            bad()
        except TypeError as e:
            print(e)
    del p.age
    print(p.age, hasattr(p, "name"), hasattr(p, "height"))
    print(Registry.classes, Square.sides, len(Square), Square(3).area(), Square(2).made_by, type(Square).__name__)
    try:
        Shape().area()
    except NotImplementedError as e:
        print("abstract", repr(e))
    print(D().who(), [c.__name__ for c in D.__mro__], issubclass(D, C), isinstance(D(), (int, A)))
    v, w = Vector(1, 2), Vector(3, 4)
    same = v
    v += w
    print(v, same is v, v * 2, 3 * v, v * w, -v, [*v], len(v), v[-1], bool(Vector(0, 0)), f"{w:03d}", w(5), 4 in w)
    print({Vector(1, 1): "a"}[Vector(1, 1)], Vector(1, 2) != Vector(1, 2), v == (4, 6))
    for bad in (lambda: setattr(v, "z", 1), lambda: v + 1, lambda: v < w, lambda: D().missing, lambda: A.who()):
        try:
            bad()
        except (AttributeError, TypeError) as e:
            print(type(e).__name__, e)
    proxy = Proxy(p)
    proxy.height = 21
    print(p.height, proxy.height)
    t = Temperature(100)
    print(t.fahrenheit, Temperature.fahrenheit.__doc__)
    t.fahrenheit = 32
    print(t._celsius, Temperature.freezing().fahrenheit, [x._celsius for x in Temperature.of(1, 2)])
    c = Countdown(3)
    c.append(5)
    print(c, len(c), isinstance(c, list), c == [3, 2, 1, 500], sorted(c))
    m = Meters(2.5)
    print(m + 1, repr(m * 2), m == 2.5, sum([m, m]))
    Dynamic = type("Dynamic", (A,), {"x": 1, "double": lambda self: self.x * 2})
    d = Dynamic()
    d.x = 21
    print(d.double(), Dynamic.x, d.who(), Dynamic.__name__, vars(d))
    A.who = lambda self: ["patched"]
    print(D().who(), d.who())
    print(getattr(d, "y", "default"), callable(d.double), d.__class__ is Dynamic)
    try:
        class Bad(A, B):
            pass
    except TypeError as e:
        print(str(e).splitlines()[0])


main()
