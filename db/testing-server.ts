import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts'
import { migrateDatabase } from './migrate.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    testServerUrl: string
  }
}

const TEMPLATE = 'template_throughline'

export interface TestServer {
  /** Connection string of the owner role for the server's maintenance database. */
  url: string
  stop(): Promise<void>
}

/** One throw-away PostgreSQL for a whole run, with a migrated database to clone from. */
export async function startTestServer(): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'throughline-test-'))
  let server: EmbeddedPostgres | undefined
  const stop = async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    server = await startEmbeddedPostgres({
      dataDir: join(folder, 'postgres'),
      logFile: join(folder, 'postgres.log'),
      password: randomBytes(16).toString('hex'),
      unsafeFast: true,
    })
    const url = server.url('postgres')
    await onServer(url, (sql) => sql.unsafe(`create database ${TEMPLATE}`))
    await migrateDatabase(server.url(TEMPLATE))
    return { url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

export interface Clone {
  ownerUrl: string
  drop(): Promise<void>
}

/** A database of its own, made from the migrated template: its publication comes along, slots do not. */
export async function cloneTemplate(serverUrl: string): Promise<Clone> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await onServer(serverUrl, (sql) => sql.unsafe(`create database ${name} template ${TEMPLATE}`))
  const ownerUrl = new URL(serverUrl)
  ownerUrl.pathname = `/${name}`
  return { ownerUrl: ownerUrl.href, drop: () => onServer(serverUrl, (sql) => dropDatabase(sql, name)) }
}

async function dropDatabase(sql: postgres.Sql, name: string): Promise<void> {
  // FORCE ends ordinary connections, but a slot that somebody still reads holds its database.
  await sql`select pg_terminate_backend(active_pid, 5000) from pg_replication_slots
            where database = ${name} and active_pid is not null`
  await sql.unsafe(`drop database if exists ${name} with (force)`)
}

async function onServer(url: string, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await work(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Vitest's global setup. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer()
  project.provide('testServerUrl', server.url)
  return server.stop
}
