/** Measures once. */
type Block = () => Promise<unknown>
/** By round, and in it by turn. */
type Results<Blocks> = { [Name in keyof Blocks]: Blocks[Name] extends () => Promise<infer R> ? R[][] : never }

export interface Course {
  rounds: number
  /** How often each block measures in a round. */
  turns: number
  /** False where each block starts cold on purpose. */
  warmUp?: boolean
  signal: AbortSignal
}

/**
 * In every turn each block measures once, and each turn begins with another block: whatever else the machine does
 * falls on all of them alike, and none always has the same one before it. The first round of all warms up and is thrown away.
 */
export async function interleave<Blocks extends Record<string, Block>>(
  { rounds, turns, warmUp = true, signal }: Course,
  blocks: Blocks,
): Promise<Results<Blocks>> {
  const inOrder = Object.entries(blocks)
  const results: Record<string, unknown[][]> = Object.fromEntries(inOrder.map(([name]) => [name, []]))
  for (let round = warmUp ? 0 : 1; round <= rounds; round++) {
    for (const [name] of inOrder) results[name]?.push([])
    for (let turn = 0; turn < turns; turn++) {
      for (const [name, block] of startingAt(inOrder, turn)) {
        signal.throwIfAborted()
        results[name]?.at(-1)?.push(await block())
      }
    }
  }
  if (warmUp) for (const byRound of Object.values(results)) byRound.shift()
  return results as Results<Blocks> // filled by the blocks' own names
}

function startingAt<T>(items: readonly T[], index: number): T[] {
  const first = index % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}

/** Milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
