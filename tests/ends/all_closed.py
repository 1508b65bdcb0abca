# stdin: closed
# stdout: closed
import sys
print("lost")
sys.exit("said")
