class E(SystemExit):
    def __init__(self): self.code = 9
raise E
