# stdout: closed
import sys
print("lost")
print(sys.stdout, file=sys.stderr)
