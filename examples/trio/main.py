"""Screens card payments: which accounts look as if somebody else used them?

    molt run examples/trio/main.py [--limit CENTS] [--workers N] [FILE]

This file is the shell: it reads the payments and prints the report. `ledger.grok` keeps the accounts, spread over actors;
`rules.cl` says what is suspicious, with contracts, and reports what it noticed by an effect.
"""

import sys

from ledger import Ledger, Payment
from rules import screen

SAMPLE = """\
ann,1200,DE
ann,900,DE
bob,45000,FR
eve,300,US
ann,1500,DE
eve,310,BR
bob,300,FR
eve,290,JP
cid,99000,DE
ann,88000,DE
"""

USAGE = "usage: main.py [--limit CENTS] [--workers N] [FILE]"


def options(words):
    """Limit, workers and file of a command line."""
    limit, workers, path = 50_000, 4, None
    words = list(words)
    while words:
        word = words.pop(0)
        if word in ("--limit", "--workers"):
            if not words or not words[0].isdigit():
                sys.exit(f"{word} takes a number\n{USAGE}")
            if word == "--limit":
                limit = int(words.pop(0))
            else:
                workers = int(words.pop(0))
        elif word.startswith("-"):
            sys.exit(USAGE)
        else:
            path = word
    return limit, workers, path


def payments(text):
    """The payments in lines of `account,cents,country`; a line that is none is reported and left out."""
    for number, line in enumerate(text.splitlines(), 1):
        account, _, rest = line.partition(",")
        cents, _, country = rest.partition(",")
        try:
            yield Payment(account, int(cents), country)
        except ValueError as error:
            print(f"line {number}: {error}", file=sys.stderr)


def main():
    limit, workers, path = options(sys.argv[1:])
    if path is None:
        text = SAMPLE
    else:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    ledger = Ledger(workers)
    count = 0
    for payment in payments(text):
        ledger.book(payment)
        count += 1
    summaries = ledger.summaries()
    verdicts, notes = screen(summaries, limit)
    print(f"{count} payments of {len(summaries)} accounts")
    for summary, verdict in zip(summaries, verdicts):
        print(f"{summary.account:<5} {summary.total / 100:>9.2f} {summary.payments:>3} {verdict}")
    for note in notes:
        print("note:", note)


if __name__ == "__main__":
    main()
