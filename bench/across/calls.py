"""A hundred million calls of a function of GrokLang."""

from steps import step


def run(n):
    s = 0
    for i in range(n):
        s = step(s, i)
    return s


print(run(100_000_000))
