class D:
    def __del__(self): raise SystemExit(4)
D()
print("on")
