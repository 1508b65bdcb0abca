# stdout: one-line
for i in range(10**5): print(i)
