import atexit, sys
@atexit.register
def a(): print("first registered")
@atexit.register
def b():
    print("second"); sys.exit(7)
@atexit.register
def c():
    raise ValueError("in c")
sys.exit(2)
