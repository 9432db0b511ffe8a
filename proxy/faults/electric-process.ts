import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { freePort } from '#db/embedded.ts'
import type { TestDatabase } from '#db/testing.ts'

const MAIN = fileURLToPath(import.meta.resolve('#electric/embedded/main.ts'))

/** An Electric that can be killed as a power cut would, because it is a process of its own. */
export interface ElectricProcess {
  url: string
  kill(): Promise<void>
  /** Back when it answers. */
  start(): Promise<void>
  /** All its shapes are gone when it comes back; to be called while it is away. */
  forget(): Promise<void>
  /** Ends it and leaves nothing behind. */
  stop(): Promise<void>
}

export async function startElectricProcess(
  { ownerUrl, electricUrl }: Pick<TestDatabase, 'ownerUrl' | 'electricUrl'>,
  secret: string,
): Promise<ElectricProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'throughline-electric-'))
  const owner = postgres(ownerUrl, { max: 1, onnotice: () => {} })
  // All databases of a server share the names of their slots.
  const streamId = `faults_${randomBytes(4).toString('hex')}`
  await publishAs(owner, streamId)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let process: ChildProcess | undefined
  const kill = async () => {
    if (!process || process.exitCode !== null || process.signalCode !== null) return
    const gone = once(process, 'exit')
    process.kill('SIGKILL')
    await gone
  }
  const start = async () => {
    process = spawn(globalThis.process.execPath, [MAIN], {
      stdio: 'ignore',
      env: {
        PATH: globalThis.process.env.PATH,
        DATABASE_URL: electricUrl,
        ELECTRIC_PORT: String(port),
        ELECTRIC_SECRET: secret,
        ELECTRIC_STORAGE_DIR: join(folder, 'shapes'),
        ELECTRIC_REPLICATION_STREAM_ID: streamId,
        ELECTRIC_MANUAL_TABLE_PUBLISHING: 'true',
      },
    })
    while (!(await isActive(url))) await delay(10)
  }
  await start()
  return {
    url,
    kill,
    start,
    forget: () => rm(join(folder, 'shapes'), { recursive: true, force: true }),
    stop: async () => {
      await kill()
      await dropSlots(owner, streamId)
      await owner.end()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function isActive(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/v1/health`).catch(() => null)
  return (await answer?.text())?.includes('active') ?? false
}

async function publishAs(owner: postgres.Sql, streamId: string): Promise<void> {
  const [row] = await owner<{ tables: string }[]>`
    select string_agg(format('%I.%I', schemaname, tablename), ', ') as tables
    from pg_publication_tables where pubname = 'electric_publication_default'`
  await owner.unsafe(`create publication electric_publication_${streamId} for table ${row?.tables}`)
}

/** A slot holds its database: it could not be dropped. */
async function dropSlots(owner: postgres.Sql, streamId: string): Promise<void> {
  await owner`
    select pg_terminate_backend(active_pid, 5000) from pg_replication_slots
    where slot_name = ${`electric_slot_${streamId}`} and active_pid is not null`
  await owner`
    select pg_drop_replication_slot(slot_name) from pg_replication_slots
    where slot_name = ${`electric_slot_${streamId}`}`
}
