// All ways down a tree: at each node the driver chooses a side, and plays the choices of each way in turn.
function full(depth) {
  if (depth === 0) return null;
  const below = full(depth - 1);
  return { left: below, value: depth, right: below };
}
function* explore(state, t) {
  if (t === null) return state;
  const next = Math.abs(state - 503 * t.value + 37) % 1009;
  const below = yield* explore(next, (yield) ? t.left : t.right);
  return Math.abs(t.value - 503 * below + 37) % 1009;
}
function way(bits, state, t) {
  const body = explore(state, t);
  let step = body.next();
  while (!step.done) {
    const bit = bits % 2;
    bits = Math.trunc(bits / 2);
    step = body.next(bit === 0);
  }
  return step.value;
}
function run(depth) {
  const t = full(depth);
  let best = 0;
  for (let i = 0; i < 1 << depth; i++) best = Math.max(best, way(i, i % 1009, t));
  return best;
}
console.log(run(17));
