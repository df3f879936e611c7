/** As many pieces of work are done at a time. */
const width = 2;

/** Does all pieces of work, in their order; resolves to what they resolve to. */
export async function inLanes(works) {
  const waiting = [...works.entries()];
  const results = [];
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, work] = next;
      results[index] = await work();
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}
