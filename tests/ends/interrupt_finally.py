# interrupt: ready
import atexit, sys
atexit.register(print, "at exit")
try:
    print("ready", flush=True)
    while True: pass
finally:
    print("finally")
    sys.exit(7)
