# stdout: one-line
import sys
try:
    for i in range(10**5): print(i)
except BrokenPipeError as e:
    print("caught", e, file=sys.stderr)
