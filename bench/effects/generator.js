// A full binary tree is walked by a generator; who pulls its values adds them.
function full(depth) {
  if (depth === 0) return null;
  const below = full(depth - 1);
  return { left: below, value: depth, right: below };
}
function* walk(t) {
  if (t === null) return;
  yield* walk(t.left);
  yield t.value;
  yield* walk(t.right);
}
let sum = 0;
for (const x of walk(full(20))) sum += x;
console.log(sum);
