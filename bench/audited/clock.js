// As clock.c, by process.hrtime.
function median(count, call) {
  const took = [];
  for (let batch = 0; batch < 50; ++batch) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < count / 50; ++i) call();
    took.push(Number(process.hrtime.bigint() - start));
  }
  return took.sort((a, b) => a - b)[25] * 50;
}
const count = Number(process.argv[2]);
console.log(Math.round(median(count, () => process.hrtime())));
