"""A priority scheduler on heapq: ordered dataclasses, lazy deletion, dependencies, periodic jobs."""
import heapq
import random
from collections import defaultdict, deque
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count, takewhile
from typing import Callable, Optional


class Priority(IntEnum):
    URGENT = 0
    HIGH = 1
    NORMAL = 5
    LOW = 9


@dataclass(order=True, slots=True)
class Job:
    due: int
    priority: Priority
    serial: int
    name: str = field(compare=False)
    action: Optional[Callable] = field(default=None, compare=False, repr=False)
    every: int = field(default=0, compare=False)
    cancelled: bool = field(default=False, compare=False)


class CycleError(ValueError):
    pass


class Scheduler:
    def __init__(self):
        self.heap = []
        self.serial = count(1)
        self.clock = 0
        self.log = []
        self.by_name = {}

    def add(self, name, delay, action=None, priority=Priority.NORMAL, every=0):
        if delay < 0:
            raise ValueError(f"{name}: negative delay")
        job = Job(self.clock + delay, priority, next(self.serial), name, action, every)
        heapq.heappush(self.heap, job)
        self.by_name[name] = job
        return job

    def cancel(self, name):
        job = self.by_name.pop(name, None)
        if job is None:
            return False
        job.cancelled = True
        return True

    def __len__(self):
        return sum(not job.cancelled for job in self.heap)

    def __iter__(self):
        while self.heap:
            job = heapq.heappop(self.heap)
            if job.cancelled:
                continue
            self.clock = job.due
            yield job
            if job.every and not job.cancelled:
                self.add(job.name, job.every, job.action, job.priority, job.every)

    def run(self, until):
        for job in takewhile(lambda job: job.due <= until, self):
            try:
                result = job.action(self, job) if job.action else None
            except StopIteration:
                raise
            except Exception as error:
                result = f"failed: {type(error).__name__}({error})"
            self.log.append((self.clock, job.priority.name, job.name, result))
        return self.clock


def retry(times, wait):
    def decorate(function):
        left = {}

        def wrapper(scheduler, job):
            left.setdefault(job.name, times)
            try:
                return function(scheduler, job)
            except OSError as error:
                left[job.name] -= 1
                if left[job.name] < 0:
                    raise RuntimeError("gave up") from error
                scheduler.add(job.name, wait * 2 ** (times - left[job.name] - 1), wrapper, Priority.LOW)
                return f"retry, {left[job.name]} left"
        return wrapper
    return decorate


attempts = defaultdict(int)


@retry(times=2, wait=3)
def flaky(scheduler, job):
    attempts[job.name] += 1
    if attempts[job.name] < {"fetch": 2, "doomed": 99}.get(job.name, 1):
        raise OSError(f"{job.name} is down")
    return f"ok after {attempts[job.name]}"


def beat(scheduler, job):
    if scheduler.clock >= 16:
        job.cancelled = True
    return f"tick {len(scheduler)}"


def spawn(scheduler, job):
    for i, priority in enumerate((Priority.LOW, Priority.URGENT, Priority.HIGH)):
        scheduler.add(f"child{i}", 4, priority=priority)
    return scheduler.cancel("never")


def order(dependencies):
    """Topological order; the smallest name first among the ready ones."""
    waiting = {name: set(needs) for name, needs in dependencies.items()}
    for needs in dependencies.values():
        for need in needs:
            waiting.setdefault(need, set())
    ready = [name for name, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    done = []
    while ready:
        name = heapq.heappop(ready)
        done.append(name)
        for other, needs in waiting.items():
            if name in needs:
                needs.discard(name)
                if not needs:
                    heapq.heappush(ready, other)
    if len(done) < len(waiting):
        raise CycleError("cycle through " + ", ".join(sorted(waiting.keys() - set(done))))
    return done


def round_robin(jobs, quantum):
    queue = deque(sorted(jobs.items()))
    clock, finish = 0, {}
    while queue:
        name, need = queue.popleft()
        slice_ = min(quantum, need)
        clock += slice_
        if need > slice_:
            queue.append((name, need - slice_))
        else:
            finish[name] = clock
    return finish


class Worst:
    """Reversed order, to keep the k smallest on a min-heap."""
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        return other.value < self.value


def k_smallest(values, k):
    heap = []
    for value in values:
        if len(heap) < k:
            heapq.heappush(heap, Worst(value))
        elif value < heap[0].value:
            heapq.heapreplace(heap, Worst(value))
    return sorted(w.value for w in heap)


def main():
    s = Scheduler()
    s.add("report", 10, lambda sched, job: f"due {job.due}")
    s.add("beat", 4, beat, Priority.HIGH, every=4)
    s.add("fetch", 1, flaky, Priority.URGENT)
    s.add("doomed", 2, flaky)
    s.add("spawn", 5, spawn)
    s.add("never", 12, lambda *a: 1 / 0)
    s.add("divide", 10, lambda *a: 1 // 0, Priority.LOW)
    s.add("late", 100)
    print(len(s), s.heap[0])
    print(s.run(50), len(s))
    for when, priority, name, result in s.log:
        print(f"t={when:<4}{priority:<8}{name:<8}{result}")
    try:
        s.add("past", -1)
    except ValueError as error:
        print(error)
    job = s.add("slots", 3)
    try:
        job.colour = "red"
    except AttributeError as error:
        print("colour" in str(error), job < Job(1000, Priority.LOW, 0, ""), job == Job(job.due, 5, job.serial, "other"))

    print(order({"build": ["fetch", "configure"], "test": ["build"], "configure": ["fetch"], "docs": [], "ship": ["test", "docs"]}))
    try:
        order({"a": ["b"], "b": ["c"], "c": ["a"], "d": []})
    except CycleError as error:
        print(error)
    print(round_robin({"x": 5, "y": 2, "z": 9}, 3))

    state = random.Random(5)
    data = [(i * 7919 + 13) % 1009 for i in range(200)]
    shuffled = data[:]
    state.shuffle(shuffled)
    print(k_smallest(shuffled, 5), heapq.nsmallest(5, data) == k_smallest(data, 5), heapq.nlargest(3, data, key=lambda v: v % 100))
    heap = shuffled[:20]
    heapq.heapify(heap)
    print(all(heap[i] <= heap[j] for i in range(20) for j in (2 * i + 1, 2 * i + 2) if j < 20))
    print(heapq.heappushpop(heap, -1), heapq.heapreplace(heap, 5000) == min(shuffled[:20]), max(heap))
    runs = [sorted(shuffled[i:i + 4]) for i in range(0, 12, 4)]
    print(list(heapq.merge(*runs)) == sorted(shuffled[:12]))
    print(list(heapq.merge("dba", "ca", key=str.upper, reverse=True)))
    try:
        heapq.heappop([])
    except IndexError as error:
        print(error)
    try:
        heapq.heapify([1, "a", 2])
    except TypeError as error:
        print(error)


main()
