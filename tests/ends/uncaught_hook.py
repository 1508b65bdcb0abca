import sys
def hook(t, v, tb): print("hook", t.__name__, v); sys.exit(8)
sys.excepthook = hook
raise ValueError(1)
