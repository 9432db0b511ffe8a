import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figure } from '../figures.ts'
import type { Course, Failure, Suite } from '../suite.ts'
import { type ElectricMeasure, runMeasure } from './bench.ts'
import { type MeasuredDatabase, startDatabase } from './database.ts'
import { events, longPoll } from './delivery.ts'
import { fanOut } from './fan-out.ts'
import { idle } from './idle.ts'
import { manyShapes } from './many-shapes.ts'
import { newShapes } from './new-shapes.ts'
import { restart } from './restart.ts'
import { snapshot } from './snapshot.ts'
import { waitingMemory } from './waiting-memory.ts'

const measures: Record<string, ElectricMeasure> = {
  snapshot,
  'long-poll': longPoll,
  events,
  'fan-out': fanOut,
  'many-shapes': manyShapes,
  'waiting-memory': waitingMemory,
  'new-shapes': newShapes,
  idle,
  restart,
}

/** Each alone, several times what it takes; one that does not end must not take the others with it. */
const MEASURE_WITHIN_MS = 240_000

/** The embedded Electric over its own HTTP, without the app around it. */
export const electricSuite: Suite = {
  measures: Object.keys(measures),
  withinMs: 20 * 60_000,
  run: async (course) => {
    if (course.profileDir) console.error('Profiling costs processor time: its figures are too high.')
    const folder = await mkdtemp(join(tmpdir(), 'throughline-bench-'))
    try {
      const database = await startDatabase(folder)
      try {
        return { postgres: database.version, ...(await runAll(database, folder, course)) }
      } finally {
        await database.stop()
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

async function runAll(database: MeasuredDatabase, folder: string, course: Course) {
  const figures: Figure[] = []
  const failures: Failure[] = []
  const { rounds, profileDir } = course
  for (const [name, measure] of Object.entries(measures)) {
    if (!course.only.includes(name)) continue
    course.signal.throwIfAborted()
    const startedAt = performance.now()
    const signal = AbortSignal.any([course.signal, AbortSignal.timeout(MEASURE_WITHIN_MS)])
    try {
      figures.push(...(await runMeasure(measure, { name, database, folder, rounds, signal, profileDir })))
    } catch (error) {
      course.signal.throwIfAborted()
      failures.push({ measure: name, reason: reasonOf(signal.aborted ? signal.reason : error) })
    }
    console.error(`Measured ${name} in ${Math.round((performance.now() - startedAt) / 1000)} s.`)
  }
  return { figures, failures }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
