import { randomBytes } from 'node:crypto'
import { escapeIdentifier, escapeLiteral } from 'pg'
import { roleUrl } from '../roles.ts'
import { BackupError } from './backup-error.ts'
import { databaseOf, urlOf } from './database-url.ts'
import { onDatabase, refuseUsers } from './database-use.ts'
import { dropElectricSlots } from './electric-slots.ts'
import { type Loaded, type LoadOptions, loadBackup } from './load.ts'
import { openSession, type Session } from './session.ts'
import { timestamp } from './timestamp.ts'

/** Advisory lock on the maintenance database: one restore in a server at a time. */
const RESTORE_LOCK = 7_481_003

export interface ReplacedDatabase extends Loaded {
  /** Name that the replaced database has now. */
  kept: string
}

/**
 * Loads a backup into a database beside the one in use, and then renames both in one step.
 * @throws BackupError when the database is in use, or the login may not make others; nothing is changed then.
 */
export async function replaceDatabase(
  ownerUrl: string,
  file: string,
  options: LoadOptions,
): Promise<ReplacedDatabase> {
  const name = databaseOf(ownerUrl)
  const electricUrl = roleUrl(ownerUrl, 'electric', options.passwords?.electric)
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
    await onDatabase(ownerUrl, (session) => dropElectricSlots(session, electricUrl))
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
