# interrupt: ready
import time
try:
    print("ready", flush=True)
    while True: time.sleep(1)
except KeyboardInterrupt as e:
    print("caught", repr(e))
finally:
    print("finally")
