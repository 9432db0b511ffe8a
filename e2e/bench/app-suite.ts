import postgres from 'postgres'
import { roleUrl } from '#db/roles.ts'
import type { Figure } from './figures.ts'
import { createHttpClient } from './http-client.ts'
import { measures } from './measures/index.ts'
import { type Stack, startStack } from './stack.ts'
import type { Course, Outcome, Suite } from './suite.ts'

/** The whole product as `npm start` starts it. */
export const appSuite: Suite = {
  measures: Object.keys(measures),
  withinMs: 90_000,
  run: async (course) => {
    console.error('Starting …')
    const stack = await startStack()
    try {
      return await measure(stack, course)
    } finally {
      await stack.stop()
    }
  },
}

async function measure(stack: Stack, { only, rounds, signal }: Course): Promise<Outcome> {
  const http = createHttpClient()
  const sql = postgres(roleUrl(stack.databaseUrl, 'app'), { max: 20, onnotice: () => {} })
  const figures: Figure[] = []
  try {
    const [{ server_version: version } = { server_version: '' }] = await sql<
      { server_version: string }[]
    >`show server_version`
    for (const [name, work] of Object.entries(measures)) {
      if (!only.includes(name)) continue
      console.error(`Measuring ${name} …`)
      figures.push(...(await work({ stack, http, sql, rounds, signal })))
    }
    return { postgres: version, figures, failures: [] }
  } finally {
    http.close()
    await sql.end({ timeout: 1 })
  }
}
