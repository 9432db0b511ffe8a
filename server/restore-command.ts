import { readdir, rm, rmdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { checkArchive, readArchive } from '#db/backup/archive-reader.ts'
import { BackupError } from '#db/backup/backup-error.ts'
import { describeDatabase } from '#db/backup/database-url.ts'
import type { Loaded, LoadOptions } from '#db/backup/load.ts'
import { lastMigration } from '#db/backup/migration-state.ts'
import { restoreToDatabase } from '#db/backup/restore-to-database.ts'
import { restoreToFolder } from '#db/backup/restore-to-folder.ts'
import { tryOut } from '#db/backup/try-out.ts'
import { DATABASE, dataFolderMajor, EMBEDDED_MAJOR } from '#db/embedded.ts'
import { lockOrRefuse, postgresFolder, postgresLog } from './backup-database.ts'
import { rolePasswords } from './database.ts'
import { parseStarterEnv, type StarterEnv } from './env.ts'
import { EXIT_CODES, givenPath, runFileCommand } from './file-command.ts'
import { count, progressLine, size } from './progress-line.ts'
import { loadSecrets } from './secrets.ts'

// `npm run restore -- <file>`: into the database of DATABASE_URL, or into DATA_DIR.

interface Options {
  replace?: true
  check?: true
}

const START = 'Start it with: npm start'

const program = new Command('restore')
  .description(
    'Bring a backup into an empty database, or with --replace in the place of the one that is there.',
  )
  .argument('<file>', 'made by "npm run backup"; it is only read')
  .option('--replace', 'put it in the place of what is there, which is kept under another name')
  .option('--check', 'only try it out: check the file and restore it into a PostgreSQL that is thrown away')
  .addHelpText('after', EXIT_CODES)

const progress = progressLine(process.stderr)
await runFileCommand(program, (signal) =>
  program.action((file: string, options: Options) =>
    restore(givenPath(file), options, signal).finally(progress.clear),
  ),
)

async function restore(file: string, { replace, check }: Options, signal: AbortSignal): Promise<void> {
  const env = parseStarterEnv()
  const options: LoadOptions = { passwords: rolePasswords(env), onProgress: progress.show, signal }
  const { sha256 } = await checkArchive(file, options)
  await refuseNewer(file)
  const done = check ? await toNowhere(file, options) : await restoreTo(env, file, options, replace ?? false)
  progress.clear()
  console.log(summary(file, sha256, done))
}

// Before anything is stopped, started or asked.
async function refuseNewer(file: string): Promise<void> {
  await using archive = await readArchive(file)
  await lastMigration(archive.head)
}

interface Done extends Loaded {
  /** What was done, and what became of what was there. */
  lines: string[]
}

async function toNowhere(file: string, options: LoadOptions): Promise<Done> {
  const loaded = await tryOut(file, options)
  return {
    ...loaded,
    lines: ['It can be restored: that was tried, in a PostgreSQL that is gone again. Nothing was changed.'],
  }
}

async function restoreTo(
  env: StarterEnv,
  file: string,
  options: LoadOptions,
  replace: boolean,
): Promise<Done> {
  const lock = await lockOrRefuse(env)
  try {
    const done = env.DATABASE_URL
      ? await toDatabase(env.DATABASE_URL, file, { ...options, replace })
      : await toFolder(env, file, options, replace)
    // What the embedded Electric knew of the database that was there; it begins anew.
    await rm(resolve(env.DATA_DIR, 'electric'), { recursive: true, force: true })
    return done
  } finally {
    await lock.release()
  }
}

async function toDatabase(
  url: string,
  file: string,
  options: LoadOptions & { replace: boolean },
): Promise<Done> {
  const { kept, ...loaded } = await restoreToDatabase(url, file, options)
  const old = `The database that was there is kept as "${kept}". When you need it no longer: DROP DATABASE "${kept}";`
  return {
    ...loaded,
    lines: [`It is in the database ${describeDatabase(url)}.`, ...(kept ? [old] : []), START],
  }
}

async function toFolder(
  env: StarterEnv,
  file: string,
  options: LoadOptions,
  replace: boolean,
): Promise<Done> {
  const dataDir = postgresFolder(env)
  const major = await dataFolderMajor(dataDir)
  if (major === EMBEDDED_MAJOR && !replace) {
    throw new BackupError(
      `There is a database in ${dataDir} already. Add --replace to put the backup in its place (the folder is kept, under another name), or set DATA_DIR to another folder. Nothing was changed.`,
    )
  }
  if (major === null) await refuseOtherContent(dataDir)
  const { database_password: password } = await loadSecrets(env.DATA_DIR)
  const folder = { dataDir, password, logFile: await postgresLog(env), database: DATABASE }
  const { kept, ...loaded } = await restoreToFolder(folder, file, options)
  const old = `The data folder that was there (PostgreSQL ${major}) is kept as ${kept}. Delete it when you need it no longer.`
  return { ...loaded, lines: [`It is in ${dataDir}.`, ...(kept ? [old] : []), START] }
}

/** An empty folder gives way, what somebody else keeps there does not. */
async function refuseOtherContent(dataDir: string): Promise<void> {
  const names = await readdir(dataDir).catch(() => null)
  if (names === null) return
  if (names.length > 0) {
    throw new BackupError(
      `${dataDir} is not empty and holds no database of ours. Move it away, or set DATA_DIR to another folder. Nothing was changed.`,
    )
  }
  await rmdir(dataDir)
}

function summary(file: string, sha256: string, { head, rows, bytes, lines }: Done): string {
  return `
  The backup is whole, and what came out of it was compared with what went in.

  File      ${file}
  SHA-256   ${sha256}
  Holds     ${count(head.tables.length)} tables, ${count(rows)} rows, ${size(bytes)}, as they were at ${head.created_at}
  From      Throughline ${head.product_version}, PostgreSQL ${head.postgres_version}, schema ${head.migrations.at(-1)?.tag}

  ${lines.join('\n  ')}
`
}
