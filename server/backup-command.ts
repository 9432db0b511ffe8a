import { Command } from 'commander'
import { type BackupDone, backupDatabase } from '#db/backup/backup.ts'
import { openToBackUp } from './backup-database.ts'
import { parseStarterEnv } from './env.ts'
import { EXIT_CODES, givenPath, runFileCommand } from './file-command.ts'
import { count, progressLine, size } from './progress-line.ts'
import { VERSION } from './version.ts'

// `npm run backup -- <file>`: the database of DATABASE_URL or of DATA_DIR, running or not, as one file.

interface Options {
  leaveOthers?: true
}

const program = new Command('backup')
  .description('Write all that the database holds into one file. Throughline can go on running meanwhile.')
  .argument('<file>', 'the file to make; an existing one is never overwritten')
  .option('--leave-others', 'leave out tables that Throughline did not make, which are refused otherwise')
  .addHelpText('after', EXIT_CODES)

await runFileCommand(program, (signal) =>
  program.action((file: string, options: Options) => backup(givenPath(file), options, signal)),
)

async function backup(file: string, { leaveOthers }: Options, signal: AbortSignal): Promise<void> {
  const database = await openToBackUp(parseStarterEnv(), (line) => console.error(line))
  const progress = progressLine(process.stderr)
  try {
    const options = { productVersion: VERSION, leaveOthers: leaveOthers ?? false, onProgress: progress.show }
    const done = await backupDatabase(database.ownerUrl, file, { ...options, signal })
    progress.clear()
    console.log(summary(file, done))
  } finally {
    progress.clear()
    await database.close()
  }
}

function summary(file: string, done: BackupDone): string {
  const { head } = done
  const others =
    done.others.length > 0 ? `\n  Left out  ${done.others.join(', ')} (not made by Throughline)` : ''
  return `
  The backup is complete, and was read back.

  File      ${file}   (${size(done.size)}, for this user alone)
  SHA-256   ${done.sha256}
  Holds     ${count(head.tables.length)} tables, ${count(done.rows)} rows, ${size(done.bytes)}, as they were at ${head.created_at}
  From      Throughline ${head.product_version}, PostgreSQL ${head.postgres_version}, schema ${head.migrations.at(-1)?.tag}${others}

  Restore it:         npm run restore -- ${file}
  Only try that out:  npm run restore -- --check ${file}
  Not in it: passwords and keys of this installation (environment, secrets.json of DATA_DIR). Without them people sign in again.
`
}
