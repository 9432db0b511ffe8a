import { roleUrl } from '../roles.ts'
import { importCommand } from './command.ts'
import { ImportStopped } from './import-stopped.ts'

// The one place that decides which database it is.
process.exitCode = await importCommand(process.argv.slice(2), async () => {
  const ownerUrl = process.env.DATABASE_URL
  if (!ownerUrl) throw new ImportStopped('DATABASE_URL is not set: it names the database to import into.')
  return roleUrl(ownerUrl, 'app', process.env.DATABASE_APP_PASSWORD)
})
