// The generator asks its driver to read and to write a cell.
const READ = { op: "read" };
function* countdown() {
  for (;;) {
    const n = yield READ;
    if (n === 0) return n;
    yield { op: "write", value: n - 1 };
  }
}
function run(n) {
  let held = n;
  const body = countdown();
  let step = body.next();
  while (!step.done) {
    if (step.value.op === "read") {
      step = body.next(held);
    } else {
      held = step.value.value;
      step = body.next();
    }
  }
  return step.value;
}
console.log(run(15000000));
