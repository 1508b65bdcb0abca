# interrupt: ready
print("ready", flush=True)
while True:
    pass
