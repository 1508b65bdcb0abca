# interrupt: ready
print("ready", flush=True)
input()
