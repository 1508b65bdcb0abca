// Numbers in order are emitted; the driver adds them.
function* numbers(low, high) {
  for (let l = low; l <= high; l++) yield l;
}
function run(n) {
  let sum = 0;
  for (const x of numbers(0, n)) sum += x;
  return sum;
}
console.log(run(20000000));
