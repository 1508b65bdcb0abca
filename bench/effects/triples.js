// A choice is asked of the driver, a wrong sum fails; the driver replays a way of choices up to the last that has an
// alternative.
const FAIL = { name: "fail" };
function fail() {
  throw FAIL;
}
function* triple(n, s) {
  const i = (yield n) + 1;
  const j = i === 1 ? fail() : (yield i - 1) + 1;
  const k = j === 1 ? fail() : (yield j - 1) + 1;
  return i + j + k === s ? 53 * i + 2809 * j + 148877 * k : fail();
}
function following(way) {
  while (way !== null && way.choice + 1 >= way.count) way = way.before;
  return way === null ? null : { choice: way.choice + 1, count: way.count, before: way.before };
}
function reversed(way) {
  let out = null;
  for (; way !== null; way = way.before) out = { choice: way.choice, before: out };
  return out;
}
function search(n, s, todo) {
  let taken = null;
  try {
    const body = triple(n, s);
    let step = body.next();
    while (!step.done) {
      const choice = todo === null ? 0 : todo.choice;
      if (todo !== null) todo = todo.before;
      taken = { choice, count: step.value, before: taken };
      step = body.next(choice);
    }
    return [step.value, taken];
  } catch (e) {
    if (e !== FAIL) throw e;
    return [0, taken];
  }
}
function run(n, s) {
  let sum = 0;
  for (let way = null; ; ) {
    const [found, taken] = search(n, s, reversed(way));
    sum = (sum + found) % 1000000007;
    way = following(taken);
    if (way === null) return sum;
  }
}
console.log(run(150, 187));
