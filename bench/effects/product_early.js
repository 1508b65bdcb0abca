// The product of a list is done as soon as a zero is seen: an exception leaves the recursion.
let xs = null;
for (let i = 0; i <= 1000; i++) xs = { head: i, tail: xs };
class Done {
  constructor(value) {
    this.value = value;
  }
}
function product(xs) {
  if (xs === null) return 0;
  if (xs.head === 0) throw new Done(0);
  return xs.head * product(xs.tail);
}
function handled(xs) {
  try {
    return product(xs);
  } catch (e) {
    if (e instanceof Done) return e.value;
    throw e;
  }
}
function run(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += handled(xs);
  return sum;
}
console.log(run(10000));
