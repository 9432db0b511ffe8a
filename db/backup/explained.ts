import { DatabaseNotUsable } from '../database-not-usable.ts'
import { EmbeddedPostgresError } from '../embedded.ts'
import { BackupError } from './backup-error.ts'

const OF_FILES: Record<string, string> = {
  ENOSPC: 'The disk is full. Make room, or choose another place.',
  EDQUOT: 'The disk quota is used up. Make room, or choose another place.',
  EFBIG: 'The file system takes no file of that size. Choose another place.',
  EACCES: 'This user may not read or write there. Choose another place, or run as the user who may.',
  EPERM: 'This user may not read or write there. Choose another place, or run as the user who may.',
  EROFS: 'That file system cannot be written to. Choose another place.',
  ENOENT: 'There is no such file or folder.',
  ENOTDIR: 'A part of that path is a file, not a folder.',
  EISDIR: 'That is a folder; name a file.',
  EEXIST: 'A backup to that file is under way, or one was killed: if none is, delete the file.',
  EIO: 'The disk reports an error. Try another one.',
}

const OF_POSTGRES: Record<string, string> = {
  '53100': 'PostgreSQL has no room left on its disk. Make room there.',
  '53200': 'PostgreSQL has no memory left.',
  '42501': 'The login of DATABASE_URL may not do that: it must be the owner of the tables.',
  '28P01': 'PostgreSQL refuses the password. Is DATABASE_URL right?',
  '3D000': 'There is no such database. Is DATABASE_URL right?',
}

/** What happened and what to do, in sentences, whatever was thrown. */
export function explained(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isOurs = [BackupError, DatabaseNotUsable, EmbeddedPostgresError].some((type) => error instanceof type)
  if (isOurs) return error.message
  const { code, path } = error as NodeJS.ErrnoException // absent on what has none
  const about = code && (OF_FILES[code] ?? OF_POSTGRES[code])
  if (about) return `${about}\n(${path && !error.message.includes(path) ? `${path}: ` : ''}${error.message})`
  return error.message
}
