import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { connect } from '#db/client.ts'
import { stopLeftOver } from '#db/embedded.ts'
import { seed } from '#db/seed.ts'
import { withDatabase } from './database.ts'
import { parseStarterEnv } from './env.ts'
import { leaveLauncher } from './leave-launcher.ts'
import { lockDataDir } from './starter-lock.ts'

// `npm run db:migrate`, `db:seed` (SEED=small|large) and `db:reset`.

const env = parseStarterEnv()
const commands: Record<string, () => Promise<string>> = {
  migrate: () => withDatabase(env, async () => 'The database is at this release’s schema.'),
  seed: () =>
    withDatabase(env, async (appUrl) => {
      const db = connect(appUrl)
      return seed(db, process.env.SEED === 'large' ? 'large' : 'small')
        .then(() => 'Seeded: two people who share a session.')
        .finally(() => db.close())
    }),
  reset: async () => {
    // Only ever the embedded one: another PostgreSQL's data is not ours to throw away.
    if (env.DATABASE_URL)
      throw new Error('db:reset empties the embedded PostgreSQL only. Unset DATABASE_URL.')
    const lock = await lockDataDir(env.DATA_DIR)
    if ('running' in lock) throw new Error('Stop "npm start" first (Ctrl-C), then reset.')
    const folder = resolve(env.DATA_DIR, 'postgres')
    await stopLeftOver(folder)
    // Nothing but a database of ours is thrown away.
    if (existsSync(join(folder, 'PG_VERSION'))) await rm(folder, { recursive: true })
    await lock.release()
    return 'The embedded database is gone; the next "npm start" makes a new one.'
  },
}

const command = commands[process.argv[2] ?? '']
try {
  if (!command) throw new Error(`Use one of: ${Object.keys(commands).join(', ')}.`)
  console.log(await command())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
leaveLauncher()
