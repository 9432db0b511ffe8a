/** Measures once, for one round. */
type Block = () => Promise<unknown>
type Results<Blocks> = { [Name in keyof Blocks]: Blocks[Name] extends () => Promise<infer R> ? R[] : never }

/**
 * Runs every block once a round, each round beginning with another one, so that no block always has the same one
 * before it and a machine that grows slower grows slower for all. The first round warms up and is thrown away.
 * @returns what each block measured, by round.
 */
export async function interleave<Blocks extends Record<string, Block>>(
  rounds: number,
  blocks: Blocks,
  signal: AbortSignal,
): Promise<Results<Blocks>> {
  const inOrder = Object.entries(blocks)
  const results: Record<string, unknown[]> = Object.fromEntries(inOrder.map(([name]) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, block] of [
      ...inOrder.slice(round % inOrder.length),
      ...inOrder.slice(0, round % inOrder.length),
    ]) {
      signal.throwIfAborted()
      const measured = await block()
      if (round > 0) results[name]?.push(measured)
    }
  }
  return results as Results<Blocks> // filled by the blocks' own names
}

/** Milliseconds that each of `count` calls took, one after another. */
export async function timeEach(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const samples: number[] = []
  for (let n = 0; n < count; n++) {
    const startedAt = performance.now()
    await work()
    samples.push(performance.now() - startedAt)
  }
  return samples
}
