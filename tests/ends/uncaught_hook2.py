import sys
def hook(t, v, tb): raise KeyError(2)
sys.excepthook = hook
raise ValueError(1)
