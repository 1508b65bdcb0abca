import sys
try:
    raise ValueError(1)
finally:
    sys.exit(5)
