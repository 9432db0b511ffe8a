import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'

const FILE = '.soak.json'

const schema = z.object({
  /** Rows changed in all rounds of all runs. */
  mutations: z.number().int().min(0),
  rounds: z.number().int().min(0),
  nextSeed: z.number().int().min(0),
  /** Seeds that failed; they stay until the file is removed. */
  failed: z.array(z.number().int()),
})

export type SoakState = z.infer<typeof schema>

// The first seeds are those of `npm test`.
const NEW: SoakState = { mutations: 0, rounds: 0, nextSeed: 1_000, failed: [] }

/** What the runs before this one came to. */
export async function readState(): Promise<SoakState> {
  const text = await readFile(FILE, 'utf8').catch(() => null)
  if (text === null) return NEW
  const state = schema.safeParse(JSON.parse(text))
  if (state.success) return state.data
  throw new Error(`${FILE} is not what a soak run wrote: ${state.error.message}. Remove it to begin anew.`)
}

export async function writeState(state: SoakState): Promise<void> {
  await writeFile(FILE, `${JSON.stringify(state, null, 2)}\n`)
}
