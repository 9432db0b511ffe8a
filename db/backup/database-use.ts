import { BackupError } from './backup-error.ts'
import { openSession, type Session } from './session.ts'

/** @throws BackupError when others are connected to the session's database; with `roles`, only as one of them. */
export async function refuseUsers(session: Session, roles?: string[]): Promise<void> {
  const users = await session.query<{ usename: string; connections: number }>(
    `select usename, count(*)::int as connections from pg_catalog.pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and usename is not null
       and ($1::text[] is null or usename = any ($1)) group by usename order by usename`,
    [roles ?? null],
  )
  if (users.length === 0) return
  const who = users.map(({ usename, connections }) => `${usename} (${connections})`).join(', ')
  throw new BackupError(
    `The database is in use, by connections of ${who}. Stop Throughline, Electric and whatever else is connected, then restore. Nothing was changed.`,
  )
}

export async function onDatabase<T>(url: string, work: (session: Session) => Promise<T>): Promise<T> {
  await using session = await openSession(url)
  return await work(session)
}
