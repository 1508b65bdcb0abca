# stdout: full
import sys
try:
    print("x", flush=True)
except OSError as e:
    print(e, file=sys.stderr)
    sys.exit(4)
