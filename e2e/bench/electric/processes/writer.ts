import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { marker } from '../../markers.ts'
import { now, serveCalls } from '../../processes/calls.ts'
import { TABLE } from '../measured-table.ts'

// Commits messages, and tells when it asked for it.

let client: pg.Client | null = null

const INSERT = `
  INSERT INTO ${TABLE} (id, session_id, thread_id, position, author_account_id, role, content, client_message_id)
  VALUES (gen_random_uuid(), $1, gen_random_uuid(), 1, $1, 'user', $2, $3)`
const CONTENT = 'The test that failed last night passes here, so I looked at the "order" again. '
  .repeat(4)
  .slice(0, 300)

export interface Commit {
  marker: string
  /** On the machine's clock, just before the commit was sent. */
  at: number
}

const calls = {
  open: async (databaseUrl: string) => {
    client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
  },
  commit,
  /** In step with the clock, whatever each takes. */
  commitAtRate: async (sessionIds: string[], perSecond: number, first: number): Promise<Commit[]> => {
    const startedAt = now()
    const commits: Commit[] = []
    for (const [index, sessionId] of sessionIds.entries()) {
      // Not in step with anything: half of each interval is left to chance.
      await delay(startedAt + ((index + Math.random() / 2) * 1000) / perSecond - now())
      commits.push(await commit(sessionId, first + index))
    }
    return commits
  },
}

export type WriterCalls = typeof calls

async function commit(sessionId: string, n: number): Promise<Commit> {
  if (!client) throw new Error('No database was opened.')
  await client.query('BEGIN')
  await client.query({ name: 'insert', text: INSERT, values: [sessionId, CONTENT, marker(n)] })
  const at = now()
  await client.query('COMMIT')
  return { marker: marker(n), at }
}

serveCalls(calls)
