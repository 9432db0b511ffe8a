import { importCommand } from '#db/import/command.ts'
import { openToolDatabase, type ToolDatabase } from './database.ts'
import { parseStarterEnv } from './env.ts'
import { leaveLauncher } from './leave-launcher.ts'

// `npm run import -- viewer <folder>`: the importer itself is db/import; here it gets the database it writes to.

let database: ToolDatabase | undefined
try {
  process.exitCode = await importCommand(process.argv.slice(2), async () => {
    const env = parseStarterEnv()
    database = await openToolDatabase(env)
    return { appUrl: database.appUrl, ownerRequired: env.AUTH_MODE === 'accounts' }
  })
} finally {
  await database?.close()
  leaveLauncher()
}
