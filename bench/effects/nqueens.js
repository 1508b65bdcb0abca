// A row that fails leaves its branch by an exception, a solution is yielded to the driver.
const FAIL = { name: "fail" };
function check(queen, distance, placed) {
  for (; placed !== null; placed = placed.next, distance++) {
    const q = placed.queen;
    if (q === queen || q === queen + distance || q === queen - distance) throw FAIL;
  }
}
function* place(row, size, placed) {
  if (row === 0) {
    yield;
    return;
  }
  for (let queen = 1; queen <= size; queen++) {
    try {
      check(queen, 1, placed);
      yield* place(row - 1, size, { queen, next: placed });
    } catch (e) {
      if (e !== FAIL) throw e;
    }
  }
}
function run(size) {
  let count = 0;
  for (const _ of place(size, size, null)) count++;
  return count;
}
console.log(run(10));
