import { randomBytes } from 'node:crypto'
import { escapeIdentifier, escapeLiteral } from 'pg'
import { ROLE_NAMES, roleUrl } from '../roles.ts'
import { BackupError } from './backup-error.ts'
import { readTables } from './catalog.ts'
import { dropElectricSlots } from './electric-slots.ts'
import { filledTables, type Loaded, type LoadOptions, loadBackup } from './load.ts'
import { openSession, type Session } from './session.ts'
import { timestamp } from './timestamp.ts'

/** Restores into a PostgreSQL of one's own: into its empty database, or beside the one in use and then in its place. */

export interface DatabaseRestoreOptions extends LoadOptions {
  /** Put the restored database in the place of the one that is there, which is kept under another name. */
  replace?: boolean
}

export interface RestoredDatabase extends Loaded {
  /** Name of the database that was replaced. */
  kept: string | null
}

/** Advisory lock on the maintenance database: one restore in a server at a time. */
const RESTORE_LOCK = 7_481_003

/**
 * @param file was checked.
 * @throws BackupError when the database is in use, or not empty and not to be replaced; nothing is changed then.
 */
export async function restoreToDatabase(
  ownerUrl: string,
  file: string,
  options: DatabaseRestoreOptions,
): Promise<RestoredDatabase> {
  const filled = await whatIsThere(ownerUrl)
  if (filled.length === 0) {
    await onDatabase(ownerUrl, (session) => dropElectricSlots(session, electricUrl(ownerUrl, options)))
    return { ...(await loadBackup(ownerUrl, file, options)), kept: null }
  }
  if (!options.replace) throw notEmpty(ownerUrl, filled)
  return replaceDatabase(ownerUrl, file, options)
}

async function whatIsThere(ownerUrl: string): Promise<string[]> {
  return onDatabase(ownerUrl, async (session) => {
    await refuseUsers(session, Object.values(ROLE_NAMES))
    return filledTables(session, await readTables(session))
  })
}

function notEmpty(ownerUrl: string, filled: string[]): BackupError {
  return new BackupError(
    `The database ${describeDatabase(ownerUrl)} is not empty: there are rows in ${filled.join(', ')}.
Add --replace to put the backup in its place (the database is kept, under another name), or let DATABASE_URL name an empty one. Nothing was changed.`,
  )
}

async function replaceDatabase(
  ownerUrl: string,
  file: string,
  options: DatabaseRestoreOptions,
): Promise<RestoredDatabase> {
  const name = databaseOf(ownerUrl)
  const create = await onDatabase(ownerUrl, async (session) => {
    await refuseUsers(session)
    await assertMayReplace(session, ownerUrl)
    return creationOf(session)
  })
  // Not ended by the signal: it cleans up.
  await using server = await openSession(urlOf(ownerUrl, 'postgres'))
  await lockServer(server)
  await dropLeftOvers(server, name)
  const fresh = `${name.slice(0, 40)}_restoring_${randomBytes(4).toString('hex')}`
  await server.query(create(fresh))
  try {
    const loaded = await loadBackup(urlOf(ownerUrl, fresh), file, options)
    await onDatabase(ownerUrl, (session) => dropElectricSlots(session, electricUrl(ownerUrl, options)))
    options.signal?.throwIfAborted()
    const kept = `${name.slice(0, 40)}_before_${timestamp()}`
    await swap(server, { name, fresh, kept })
    return { ...loaded, kept }
  } catch (error) {
    await server.query(`drop database if exists ${escapeIdentifier(fresh)} with (force)`)
    throw error
  }
}

async function lockServer(server: Session): Promise<void> {
  const [lock] = await server.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [
    RESTORE_LOCK,
  ])
  if (!lock?.taken)
    throw new BackupError('Another restore is under way on this PostgreSQL. Nothing was changed.')
}

// Of restores that were killed: under the lock there is no other.
async function dropLeftOvers(server: Session, name: string): Promise<void> {
  const pattern = `^${RegExp.escape(name.slice(0, 40))}_restoring_[0-9a-f]{8}$`
  const all = await server.query<{ datname: string }>('select datname from pg_catalog.pg_database')
  for (const { datname } of all) {
    if (new RegExp(pattern).test(datname)) {
      await server.query(`drop database if exists ${escapeIdentifier(datname)} with (force)`)
    }
  }
}

/** Both renames or none. */
async function swap(server: Session, { name, fresh, kept }: Record<'name' | 'fresh' | 'kept', string>) {
  const rename = (from: string, to: string) =>
    server.query(`alter database ${escapeIdentifier(from)} rename to ${escapeIdentifier(to)}`)
  try {
    await server.query('begin')
    await rename(name, kept)
    await rename(fresh, name)
    await server.query('commit')
  } catch (cause) {
    await server.query('rollback')
    const { code } = cause as { code?: string } // whatever was thrown
    if (code !== '55006') throw cause
    const message = `Somebody connected to the database "${name}" meanwhile. Close all connections to it and restore again. Nothing was changed.`
    throw new BackupError(message, { cause })
  }
}

async function refuseUsers(session: Session, roles?: string[]): Promise<void> {
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

async function assertMayReplace(session: Session, ownerUrl: string): Promise<void> {
  const [may] = await session.query<{ replace: boolean; name: string }>(
    `select (r.rolsuper or (r.rolcreatedb and pg_has_role(d.datdba, 'USAGE'))) as replace, r.rolname as name
     from pg_catalog.pg_roles r, pg_catalog.pg_database d
     where r.rolname = current_user and d.datname = current_database()`,
  )
  if (may?.replace) return
  const fresh = `${databaseOf(ownerUrl).slice(0, 40)}_restored`
  throw new BackupError(
    `"${may?.name}" may not make and rename databases, so it cannot replace this one. As a superuser: CREATE DATABASE ${escapeIdentifier(fresh)} OWNER ${escapeIdentifier(may?.name ?? '')}; then restore with DATABASE_URL naming that database, without --replace. Nothing was changed.`,
  )
}

/** The statement that makes a database like this one: encoding and locale decide how text is stored and sorted. */
async function creationOf(session: Session): Promise<(name: string) => string> {
  const [like] = await session.query<
    Record<'owner' | 'encoding' | 'collate' | 'ctype' | 'provider' | 'locale', string>
  >(
    `select pg_get_userbyid(datdba) as owner, pg_encoding_to_char(encoding) as encoding, datcollate as collate,
            datctype as ctype, datlocprovider as provider,
            coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as locale -- before and since 17
     from pg_catalog.pg_database d where datname = current_database()`,
  )
  if (!like) throw new BackupError('PostgreSQL does not say how its database was made.')
  const provider = { c: '', i: 'icu', b: 'builtin' }[like.provider]
  const locale = provider
    ? `locale_provider ${provider} ${provider}_locale ${escapeLiteral(like.locale)}`
    : ''
  return (name) =>
    `create database ${escapeIdentifier(name)} owner ${escapeIdentifier(like.owner)} template template0
     encoding ${escapeLiteral(like.encoding)} lc_collate ${escapeLiteral(like.collate)} lc_ctype ${escapeLiteral(like.ctype)} ${locale}`
}

async function onDatabase<T>(url: string, work: (session: Session) => Promise<T>): Promise<T> {
  await using session = await openSession(url)
  return await work(session)
}

function electricUrl(ownerUrl: string, { passwords }: LoadOptions): string {
  return roleUrl(ownerUrl, 'electric', passwords?.electric)
}

function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1))
}

function urlOf(ownerUrl: string, database: string): string {
  const url = new URL(ownerUrl)
  url.pathname = `/${encodeURIComponent(database)}`
  return url.href
}

/** Without the login. */
export function describeDatabase(url: string): string {
  const { hostname, port } = new URL(url)
  return `"${databaseOf(url)}" on ${hostname}:${port || 5432}`
}
