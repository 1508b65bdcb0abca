"""A bank with accounts, transfers, an audit log and failures of every kind."""


class BankError(Exception):
    """Base of what the bank refuses."""


class UnknownAccount(BankError):
    def __init__(self, number):
        super().__init__(f"no account {number}")
        self.number = number


class InsufficientFunds(BankError):
    def __init__(self, account, wanted):
        super().__init__(account.number, account.balance, wanted)
        self.account = account
        self.wanted = wanted

    def __str__(self):
        return f"{self.account.number} has {self.account.balance}, wanted {self.wanted}"


class Account:
    def __init__(self, number, owner, balance=0):
        self.number = number
        self.owner = owner
        self.balance = balance
        self.history = []

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("deposit must be positive")
        self.balance += amount
        self.history.append(("deposit", amount))

    def withdraw(self, amount):
        if amount > self.balance:
            raise InsufficientFunds(self, amount)
        self.balance -= amount
        self.history.append(("withdraw", amount))

    def __repr__(self):
        return f"Account({self.number!r}, {self.owner!r}, {self.balance})"


class Savings(Account):
    def __init__(self, number, owner, balance=0, *, rate):
        super().__init__(number, owner, balance)
        self.rate = rate

    def add_interest(self):
        interest = self.balance * self.rate // 100
        if interest:
            self.deposit(interest)
        return interest


class Transaction:
    """Undoes what it did when its block fails."""

    def __init__(self, bank):
        self.bank = bank
        self.saved = {}

    def __enter__(self):
        self.saved = {n: a.balance for n, a in self.bank.accounts.items()}
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            for number, balance in self.saved.items():
                self.bank.accounts[number].balance = balance
            self.bank.log.append(f"rolled back: {error}")
        return kind is not None and issubclass(kind, BankError)


class Bank:
    def __init__(self):
        self.accounts = {}
        self.log = []

    def open(self, account):
        self.accounts[account.number] = account
        return account

    def account(self, number):
        try:
            return self.accounts[number]
        except KeyError:
            raise UnknownAccount(number) from None

    def transfer(self, source, target, amount):
        with Transaction(self):
            a = self.account(source)
            a.withdraw(amount)
            b = self.account(target)
            b.deposit(amount)
            self.log.append(f"{source} -> {target}: {amount}")
            return True
        return False


def main():
    bank = Bank()
    bank.open(Account("A1", "Ada", 100))
    bank.open(Account("B2", "Bob"))
    bank.open(Savings("C3", "Cleo", 1000, rate=3))
    print(bank.transfer("A1", "B2", 30))
    print(bank.transfer("A1", "B2", 300))
    print(bank.transfer("A1", "X9", 10))
    print(bank.accounts)
    print(bank.accounts["C3"].add_interest(), bank.accounts["C3"].balance)
    for line in bank.log:
        print(line)
    try:
        bank.transfer("A1", "B2", -5)
    except ValueError as e:
        print("ValueError:", e, "|", bank.log[-1])
    try:
        bank.account("Z")
    except UnknownAccount as e:
        print(e, e.number, e.__cause__, e.__suppress_context__)
    try:
        bank.account("A1").withdraw(10**6)
    except BankError as e:
        print(type(e).__name__, e, e.args[1:])
    total = sum(a.balance for a in bank.accounts.values())
    print("total", total)
    print(sorted(bank.accounts, key=lambda n: -bank.accounts[n].balance))
    try:
        try:
            {}["missing"]
        finally:
            print("cleanup")
    except KeyError as e:
        print(repr(e))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
