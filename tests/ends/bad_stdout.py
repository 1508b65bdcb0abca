import sys
class W:
    def write(self, s): raise ValueError("w")
    def flush(self): raise ValueError("f")
sys.stdout = W()
