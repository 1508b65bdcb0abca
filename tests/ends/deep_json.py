import json, copy
a = []
for i in range(10**5): a = [a]
for f in (json.dumps, copy.deepcopy):
    try:
        f(a); print("ok")
    except RecursionError as e:
        print("RecursionError")
try:
    json.loads("[" * 10**5 + "]" * 10**5); print("ok")
except RecursionError as e:
    print("RecursionError")
try:
    json.loads('{"a":' * 10**5 + "1" + "}" * 10**5); print("ok")
except RecursionError as e:
    print("RecursionError")
