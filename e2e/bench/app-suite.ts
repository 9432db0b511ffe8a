import postgres, { type Sql } from 'postgres'
import { LOCAL_ACCOUNT_ID } from '#db/local-account.ts'
import { roleUrl } from '#db/roles.ts'
import { type Measured, runMeasure } from './app-bench.ts'
import type { Figure } from './figures.ts'
import { measures } from './measures/index.ts'
import { type Stack, startStack } from './stack.ts'
import type { Course, Failure, Outcome, Suite } from './suite.ts'

/** Several times what the longest takes; one that does not end must not take the others with it. */
const MEASURE_WITHIN_MS = 360_000

/** The whole product as `npm start` starts it; each measure has an app process of its own on it. */
export const appSuite: Suite = {
  measures: Object.keys(measures),
  withinMs: 30 * 60_000,
  run: async (course) => {
    if (course.profileDir) console.error('Profiling costs processor time: its figures are too high.')
    console.error('Starting …')
    const stack = await startStack()
    const sql = postgres(roleUrl(stack.databaseUrl, 'app'), { max: 20, onnotice: () => {} })
    try {
      await sql`insert into accounts (id, display_name, kind) values (${LOCAL_ACCOUNT_ID}, 'Host', 'local') on conflict do nothing`
      const [row] = await sql<{ server_version: string }[]>`show server_version`
      return { postgres: row?.server_version ?? '', ...(await runAll(stack, sql, course)) }
    } finally {
      await sql.end({ timeout: 1 })
      await stack.stop()
    }
  },
}

async function runAll(stack: Stack, sql: Sql, course: Course): Promise<Omit<Outcome, 'postgres'>> {
  const figures: Figure[] = []
  const failures: Failure[] = []
  for (const name of Object.keys(measures)) {
    if (!course.only.includes(name)) continue
    course.signal.throwIfAborted()
    const startedAt = performance.now()
    const measured = await runOne(name, stack, sql, course)
    figures.push(...measured.figures)
    failures.push(...measured.failures.map((reason) => ({ measure: name, reason })))
    console.error(`Measured ${name} in ${Math.round((performance.now() - startedAt) / 1000)} s.`)
  }
  return { figures, failures }
}

async function runOne(name: string, stack: Stack, sql: Sql, course: Course): Promise<Measured> {
  const measure = measures[name]
  if (!measure) return { figures: [], failures: ['There is no such measure.'] }
  const { rounds, profileDir } = course
  const signal = AbortSignal.any([course.signal, AbortSignal.timeout(MEASURE_WITHIN_MS)])
  try {
    return await runMeasure(measure, { name, stack, sql, rounds, signal, profileDir })
  } catch (error) {
    course.signal.throwIfAborted()
    const reason = signal.aborted ? signal.reason : error
    return { figures: [], failures: [`not measured: ${reason instanceof Error ? reason.message : reason}`] }
  }
}
