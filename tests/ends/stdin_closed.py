# stdin: closed
import sys
print(sys.stdin)
input("? ")
