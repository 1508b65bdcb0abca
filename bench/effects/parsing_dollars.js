// The parser asks its driver for characters, and yields counts that another driver adds.
const READ = { op: "read" };
const STOP = { name: "stop" };
const NEWLINE = 10;
const DOLLAR = 36;
function* parse() {
  for (let a = 0; ; ) {
    const c = yield READ;
    if (c === DOLLAR) {
      a++;
    } else if (c === NEWLINE) {
      yield { op: "emit", value: a };
      a = 0;
    } else {
      throw STOP;
    }
  }
}
function* feed(lines, body) {
  let line = 0;
  let left = 0;
  let step = body.next();
  while (!step.done) {
    if (step.value !== READ) {
      step = body.next(yield step.value);
    } else if (line > lines) {
      throw STOP;
    } else if (left === 0) {
      line++;
      left = line;
      step = body.next(NEWLINE);
    } else {
      left--;
      step = body.next(DOLLAR);
    }
  }
}
function run(lines) {
  let sum = 0;
  try {
    for (const emitted of feed(lines, parse())) sum += emitted.value;
  } catch (e) {
    if (e !== STOP) throw e;
  }
  return sum;
}
console.log(run(8000));
