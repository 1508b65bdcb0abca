"""A discrete event simulation of a shop: queue, customers, statistics; classes with ordering."""


class Event:
    counter = 0

    def __init__(self, time, action, *args):
        self.time = time
        self.action = action
        self.args = args
        Event.counter += 1
        self.number = Event.counter

    def __lt__(self, other):
        return (self.time, self.number) < (other.time, other.number)

    def __call__(self):
        return self.action(*self.args)


class Queue:
    """Sorted list of events; the earliest is at the end."""

    def __init__(self):
        self.events = []

    def add(self, event):
        low, high = 0, len(self.events)
        while low < high:
            middle = (low + high) // 2
            if event < self.events[middle]:
                low = middle + 1
            else:
                high = middle
        self.events.insert(low, event)

    def __iter__(self):
        return self

    def __next__(self):
        if not self.events:
            raise StopIteration
        return self.events.pop()


class Random:
    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        return (self.state >> 33) % n


class Customer:
    all = []

    def __init__(self, name, arrived):
        self.name, self.arrived = name, arrived
        self.served = self.left = None
        type(self).all.append(self)

    @property
    def waited(self):
        return None if self.served is None else self.served - self.arrived

    def __repr__(self):
        return f"<{self.name} {self.arrived}..{self.left}>"


class Impatient(Customer):
    patience = 6


class Shop:
    def __init__(self, tills, seed):
        self.free = tills
        self.now = 0
        self.line = []
        self.queue = Queue()
        self.random = Random(seed)
        self.lost = 0
        self.busy = 0

    def at(self, delay, action, *args):
        self.queue.add(Event(self.now + delay, action, *args))

    def arrive(self, number, last):
        kind = Impatient if self.random.below(4) == 0 else Customer
        customer = kind(f"c{number:03d}", self.now)
        self.line.append(customer)
        if isinstance(customer, Impatient):
            self.at(customer.patience, self.give_up, customer)
        self.serve()
        if number < last:
            self.at(1 + self.random.below(3), self.arrive, number + 1, last)

    def serve(self):
        while self.free and self.line:
            customer = self.line.pop(0)
            customer.served = self.now
            self.free -= 1
            time = 2 + self.random.below(5)
            self.busy += time
            self.at(time, self.leave, customer)

    def leave(self, customer):
        customer.left = self.now
        self.free += 1
        self.serve()

    def give_up(self, customer):
        if customer in self.line:
            self.line.remove(customer)
            customer.left = self.now
            self.lost += 1

    def run(self, customers):
        self.at(0, self.arrive, 1, customers)
        for event in self.queue:
            self.now = event.time
            event()
        return self.now


def main():
    for tills in 1, 2, 3:
        Customer.all.clear()
        Event.counter = 0
        shop = Shop(tills, 2024)
        end = shop.run(300)
        waits = sorted(c.waited for c in Customer.all if c.waited is not None)
        middle = waits[len(waits) // 2]
        print(f"{tills} tills: end {end}, served {len(waits)}, lost {shop.lost}, "
              f"median wait {middle}, worst {waits[-1]}, load {shop.busy / end / tills:.3f}, events {Event.counter}")
    print(Customer.all[:3], Customer.all is Impatient.all, max(Customer.all, key=lambda c: (c.waited or 0, c.name)))
    histogram = {}
    for c in Customer.all:
        key = type(c).__name__
        histogram.setdefault(key, [0] * 4)[min(c.waited or 0, 3)] += 1
    for key in sorted(histogram):
        print(key, *histogram[key], sep="\t")


main()
