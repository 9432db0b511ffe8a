import { resolve } from 'node:path'
import { type Command, CommanderError } from 'commander'
import { BackupError } from '#db/backup/backup-error.ts'
import { explained } from '#db/backup/explained.ts'
import { callersFolder, EnvironmentError } from './env.ts'
import { leaveLauncher } from './leave-launcher.ts'

/** What the command line ends with. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const

/**
 * Runs a command that works long on a file: Ctrl-C, or the end of whoever started it, lets it put away what it began.
 * @param start adds what the command does; it ends when the signal says so.
 */
export async function runFileCommand(program: Command, start: (signal: AbortSignal) => void): Promise<void> {
  const stopped = new AbortController()
  const stop = () => stopped.abort(new BackupError('Stopped.'))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  process.on('disconnect', stop)
  start(stopped.signal)
  try {
    await program.exitOverride().parseAsync()
  } catch (error) {
    process.exitCode = exitCodeOf(error, stopped.signal)
    if (stopped.signal.aborted) console.error('Stopped: no file was made, and no data was changed.')
    else if (error instanceof EnvironmentError) console.error(error.message)
    else if (!(error instanceof CommanderError)) console.error(explained(error))
  }
  process.off('disconnect', stop)
  leaveLauncher()
}

function exitCodeOf(error: unknown, signal: AbortSignal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  return signal.aborted ? EXIT.interrupted : EXIT.failed
}

/** A path as the person wrote it. */
export function givenPath(file: string): string {
  return resolve(callersFolder(), file)
}

export const EXIT_CODES = `
Exit codes: 0 done; 1 not done, the reason is said; 2 the command line was not understood; 130 stopped by Ctrl-C.`
