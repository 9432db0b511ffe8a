import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import postgres, { type Sql } from 'postgres'
import { startEmbeddedPostgres } from '#db/embedded.ts'
import { migrateDatabase } from '#db/migrate.ts'
import { ROLE_NAMES, roleUrl } from '#db/roles.ts'
import { TABLE } from './measured-table.ts'
import type { COLUMNS } from './shape-requests.ts'

/** The product's own PostgreSQL, as durable as it comes, with the table that is measured. */
export interface MeasuredDatabase {
  readonly version: string
  readonly ownerUrl: string
  readonly electricUrl: string
  readonly sql: Sql
  /** Sessions with so many messages each. */
  newSessions(count: number, messagesEach: number): Promise<string[]>
  /** The publication of a stream, with the table in it. */
  publish(streamId: string): Promise<void>
  /** Takes it away, and what a reader left that is gone. */
  unpublish(streamId: string): Promise<void>
  stop(): Promise<void>
}

export async function startDatabase(folder: string): Promise<MeasuredDatabase> {
  const password = randomBytes(8).toString('hex')
  const dataDir = join(folder, 'postgres')
  const server = await startEmbeddedPostgres({ dataDir, password, logFile: join(folder, 'postgres.log') })
  const ownerUrl = server.url('postgres')
  const sql = postgres(ownerUrl, { max: 4, onnotice: () => {} })
  const stop = async () => {
    await sql.end({ timeout: 1 })
    await server.stop()
  }
  try {
    await migrateDatabase(ownerUrl)
    await createTable(sql)
    const [row] = await sql<{ server_version: string }[]>`show server_version`
    return {
      version: row?.server_version ?? '',
      ownerUrl,
      electricUrl: roleUrl(ownerUrl, 'electric'),
      sql,
      newSessions: (count, messagesEach) => fill(sql, count, messagesEach),
      publish: async (streamId) => {
        await sql.unsafe(`CREATE PUBLICATION electric_publication_${streamId} FOR TABLE ${TABLE}`)
      },
      unpublish: (streamId) => unpublish(sql, streamId),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function createTable(sql: Sql): Promise<void> {
  await sql.unsafe(`
    CREATE TABLE ${TABLE} (LIKE chat_messages INCLUDING DEFAULTS, PRIMARY KEY (id));
    CREATE INDEX ON ${TABLE} (session_id, position);
    ALTER TABLE ${TABLE} REPLICA IDENTITY FULL;
    GRANT SELECT ON ${TABLE} TO ${ROLE_NAMES.electric}`)
}

// Sentences of about 300 bytes, each row another piece; with what JSON has to escape, as people write it.
const PROSE = `
The test that failed last night passes here, so I looked at the order: "seed" runs before the migration when the
cache is warm. I moved it behind the lock, and ran the suite forty times without seeing it again.
- \`bin/seed.ts\` takes the lock itself now\n- the retry that hid it is gone
Could you check whether the import still finishes in time on your machine? It took 12 s on mine, 9 s before.
One more thing: the name "position" is taken twice in that query – once by the window, once by the column – and
Postgres silently picks the column. I would rather rename the window's than explain it in a comment.
Das Protokoll sagt etwas anderes als die Anzeige; vielleicht liegt es an der Zeitzone (UTC+1) des Servers.
I will leave the branch as it is until tomorrow, so that both of us can compare the two runs side by side.`

const MESSAGE_LENGTH = 300

async function fill(sql: Sql, count: number, messagesEach: number): Promise<string[]> {
  const sessions = Array.from({ length: count }, () => randomUUID())
  const values = {
    id: 'gen_random_uuid()',
    session_id: 'session',
    thread_id: 'session',
    position: 'n',
    author_account_id: 'session',
    role: `CASE n % 3 WHEN 0 THEN 'assistant' ELSE 'user' END::message_role`,
    content: `substr($1::text, 1 + (n * 37) % (length($1) - ${MESSAGE_LENGTH}), ${MESSAGE_LENGTH})`,
    client_message_id: `'f' || lpad(n::text, 7, '0')`,
  } satisfies Partial<Record<(typeof COLUMNS)[number], string>>
  await sql.unsafe(
    `INSERT INTO ${TABLE} (${Object.keys(values).join(', ')}) SELECT ${Object.values(values).join(', ')}
     FROM unnest($2::uuid[]) AS session, generate_series(1, $3::int) AS n`,
    [PROSE, sessions, messagesEach],
  )
  // Otherwise the first that reads them, or a worker in the middle of a round, would do this work.
  await sql.unsafe(`VACUUM (ANALYZE) ${TABLE}`)
  await sql`CHECKPOINT`
  return sessions
}

async function unpublish(sql: Sql, streamId: string): Promise<void> {
  await sql`
    SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
    WHERE slot_name LIKE ${`electric\\_slot\\_${streamId}%`} AND NOT active`
  await sql.unsafe(`DROP PUBLICATION IF EXISTS electric_publication_${streamId}`)
}
