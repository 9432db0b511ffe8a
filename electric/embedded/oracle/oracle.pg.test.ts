import { existsSync } from 'node:fs'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { migrateDatabase } from '#db/migrate.ts'
import { startTestDatabase } from '../testing.ts'
import { runCampaign } from './campaign.ts'

/**
 * Random tables, shapes and transactions, every kind of client, and everything that may happen to the processes:
 * whenever nothing commits, each client holds what its SELECT finds. `npm run test:soak` goes on with other seeds.
 */

const FIRST_SEED = 1
const MUTATIONS = 10_000
const LIMIT_MS = 10 * 60_000

// The official client tells of each shape that ended.
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

async function run(wanted: number, binaries?: string): Promise<number> {
  const rounds: string[] = []
  const mutations = await runCampaign({
    firstSeed: FIRST_SEED,
    isOver: (count) => count >= wanted,
    onRound: (seed, count) => void rounds.push(`${seed}: ${count}`),
    ...(binaries ? { binaries } : {}),
  })
  console.log(`${mutations} mutations in ${rounds.length} rounds, of seeds ${rounds.join(', ')}`)
  return mutations
}

test('every client holds what Postgres does, over 10,000 mutations', { timeout: LIMIT_MS }, async () => {
  expect(await run(MUTATIONS)).toBeGreaterThanOrEqual(MUTATIONS)
})

const POSTGRES_15 = '/usr/lib/postgresql/15/bin'

test('and so over PostgreSQL 15, where Debian’s is installed', { timeout: LIMIT_MS }, async ({ skip }) => {
  if (!existsSync(POSTGRES_15)) skip(`There is no ${POSTGRES_15}; Debian’s package is postgresql-15.`)
  expect(await run(1_000, POSTGRES_15)).toBeGreaterThanOrEqual(1_000)
})

test('migrations run on PostgreSQL 15 too, where Debian’s is installed', async ({ skip }) => {
  if (!existsSync(POSTGRES_15)) skip(`There is no ${POSTGRES_15}; Debian’s package is postgresql-15.`)
  const database = await startTestDatabase({ binaries: POSTGRES_15 })
  try {
    await database.sql`CREATE DATABASE migrated`
    const url = new URL(database.url)
    url.pathname = '/migrated'
    await migrateDatabase(url.href)
    const [version] = await database.sql<{ server_version_num: string }[]>`SHOW server_version_num`
    expect(version?.server_version_num).toMatch(/^15/)
    await migrateDatabase(url.href) // nothing is left to do
  } finally {
    await database.stop()
  }
})
