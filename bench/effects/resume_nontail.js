// The driver computes with what the rest of the generator gave: every operation waits for all that follow it.
function* body(n, s) {
  for (let i = n; i > 0; i--) yield i;
  return s;
}
function drive(running) {
  const step = running.next();
  if (step.done) return step.value;
  const y = drive(running);
  return Math.abs(step.value - 503 * y + 37) % 1009;
}
function run(n) {
  let s = 0;
  for (let i = 1000; i > 0; i--) s = drive(body(n, s));
  return s;
}
console.log(run(1000));
