# interrupt: ready
import time
try:
    1 / 0
except ZeroDivisionError:
    print("ready", flush=True)
    time.sleep(60)
