import { Command, CommanderError } from 'commander'
import { ConnectionLost, connect } from '../client.ts'
import { DatabaseNotUsable } from '../database-not-usable.ts'
import { ImportStopped } from './import-stopped.ts'
import { jsonReport, textReport } from './report.ts'
import { importViewerFolder, readViewerFolder } from './run-import.ts'

/** What the command line ends with. */
export const EXIT = { done: 0, stopped: 1, usage: 2 } as const

export interface ImportDatabase {
  /** Connection string of the app's role. */
  appUrl: string
  /** People sign in: whom an import is for must be said. */
  ownerRequired: boolean
}

/**
 * `import viewer <folder>`: prints what became of the records.
 * @param open finds the database when it is needed.
 * @returns the exit code.
 */
export async function importCommand(args: string[], open: () => Promise<ImportDatabase>): Promise<number> {
  const program = new Command('import')
    .description('Bring the files of an earlier application in. Can be run again at any time.')
    .exitOverride()
  program
    .command('viewer')
    .description('chat-messages.json, chat-threads.json and chat-tool-events.json of the legacy viewer')
    .argument('<folder>', 'the folder that holds them; they are only read')
    .option(
      '--owner <email>',
      'the account that gets the sessions (default without sign-in: the local account)',
    )
    .option('--json', 'print one JSON object as the last line instead of the summary')
    .addHelpText('after', EXIT_CODES)
    .action((folder: string, options: ViewerOptions) => viewer(folder, options, open))
  try {
    await program.parseAsync(args, { from: 'user' })
    return EXIT.done
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    process.stderr.write(`${explained(error)}\n`)
    return EXIT.stopped
  }
}

interface ViewerOptions {
  owner?: string
  json?: true
}

const EXIT_CODES = `
Exit codes: 0 every record is accounted for (also when some were kept, merged or quarantined);
1 stopped, and nothing was written unless it says otherwise; 2 the command line was not understood.`

const NOT_KNOWN =
  'PostgreSQL went away just when the import was being committed. It is not known whether the import was written. ' +
  'Run it again: it writes nothing twice.'

async function viewer(
  folder: string,
  { owner, json }: ViewerOptions,
  open: () => Promise<ImportDatabase>,
): Promise<void> {
  const read = await readViewerFolder(folder)
  const { appUrl, ownerRequired } = await open()
  const db = connect(appUrl, { maxConnections: 1 })
  try {
    const applied = await importViewerFolder(read, { db, owner, ownerRequired, onProgress: showProgress })
    process.stdout.write(`${json ? JSON.stringify(jsonReport(applied)) : textReport(applied)}\n`)
  } finally {
    await db.close()
  }
}

const MANY = 5000

function showProgress(written: number, of: number): void {
  if (of < MANY || !process.stderr.isTTY) return
  process.stderr.write(written < of ? `\r${written} of ${of} messages` : '\r\x1b[K')
}

/** What a person can do about it, without a stack trace. */
function explained(error: unknown): string {
  if (error instanceof ImportStopped) return error.message
  if (error instanceof ConnectionLost && error.mayHaveCommitted) return NOT_KNOWN
  if (error instanceof DatabaseNotUsable) return `${error.message}\nNothing was written.`
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const { code, message } = cause as { code?: unknown; message?: unknown } // whatever was thrown
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'CONNECT_TIMEOUT') {
    return `PostgreSQL is not reachable: ${String(message)}. Nothing was written. Is it running, and is DATABASE_URL right?`
  }
  if (code === '42P01' || code === '3F000' || code === '28P01' || code === '28000') {
    return `The database is not set up yet (${String(message)}). Nothing was written. Start the application once: npm start.`
  }
  return `The import stopped and nothing was written: ${String(message ?? error)}`
}
