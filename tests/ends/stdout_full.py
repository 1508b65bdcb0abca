# stdout: full
print("x")
