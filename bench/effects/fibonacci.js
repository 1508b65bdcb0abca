// What the recursion ends at is asked of the driver.
function* fib(n) {
  return n < 2 ? yield n : (yield* fib(n - 1)) + (yield* fib(n - 2));
}
function run(n) {
  let asked = 0;
  const body = fib(n);
  let step = body.next();
  while (!step.done) {
    asked++;
    step = body.next(step.value);
  }
  return `[${step.value} ${asked}]`;
}
console.log(run(33));
