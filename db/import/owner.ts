import { sql } from 'drizzle-orm'
import type { Database } from '../client.ts'
import { ensureLocalAccount, LOCAL_ACCOUNT_ID } from '../local-account.ts'
import { ImportStopped } from './import-stopped.ts'

/**
 * The account that gets what is imported: the one that signs in with this email, or without one the local account.
 * @param required people sign in here, so nobody is the local account.
 * @throws ImportStopped when nobody has the email, or when it is missing although people sign in here.
 */
export async function importOwner(
  db: Database,
  email: string | undefined,
  required: boolean,
): Promise<string> {
  if (email !== undefined) return ownerByEmail(db, email, required)
  // Also where a local account is left over: nobody can sign in to it, so its rows would be lost to everybody.
  if (required) throw ownerMissing()
  return localOwner(db)
}

async function ownerByEmail(db: Database, email: string, required: boolean): Promise<string> {
  const { value } = await db.transaction(null, (tx) =>
    tx.execute<{ account_id: string }>(
      sql`select account_id from auth.users where lower(email) = lower(${email.trim()}) and not is_anonymous`,
    ),
  )
  if (value[0]) return value[0].account_id
  const orLocal = required ? '' : ', or leave --owner out to import for the local account of this machine'
  throw new ImportStopped(
    `No account signs in with ${email}. Nothing was written. Check the spelling, or make the account first ` +
      `(npm run account:create)${orLocal}.`,
  )
}

async function localOwner(db: Database): Promise<string> {
  const { value } = await db.transaction(null, (tx) =>
    tx.execute<{ local: boolean; signs_in: boolean }>(sql`
      select exists (select from accounts where id = ${LOCAL_ACCOUNT_ID}) as local,
             exists (select from auth.users where not is_anonymous) as signs_in`),
  )
  if (value[0]?.signs_in && !value[0].local) throw ownerMissing()
  if (!value[0]?.local) await ensureLocalAccount(db)
  return LOCAL_ACCOUNT_ID
}

function ownerMissing(): ImportStopped {
  return new ImportStopped(
    'People sign in here, so the import must know for whom it is. Nothing was written. Add --owner <email>.',
  )
}
