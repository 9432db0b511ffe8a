import { sql } from 'drizzle-orm'
import type { Database } from '../client.ts'
import { ensureLocalAccount, LOCAL_ACCOUNT_ID } from '../local-account.ts'
import { ImportStopped } from './import-stopped.ts'

/**
 * The account that gets what is imported: the one that signs in with this email, or without one the local account.
 * @throws ImportStopped when nobody has the email, or when it is missing although people sign in here.
 */
export async function importOwner(db: Database, email: string | undefined): Promise<string> {
  return email === undefined ? await localOwner(db) : await ownerByEmail(db, email)
}

async function ownerByEmail(db: Database, email: string): Promise<string> {
  const { value } = await db.transaction(null, (tx) =>
    tx.execute<{ account_id: string }>(
      sql`select account_id from auth.users where lower(email) = lower(${email.trim()}) and not is_anonymous`,
    ),
  )
  if (value[0]) return value[0].account_id
  throw new ImportStopped(
    `No account signs in with ${email}. Nothing was written. Check the spelling, make the account first ` +
      '(npm run account:create), or leave --owner out to import for the local account of this machine.',
  )
}

async function localOwner(db: Database): Promise<string> {
  const { value } = await db.transaction(null, (tx) =>
    tx.execute<{ local: boolean; signs_in: boolean }>(sql`
      select exists (select from accounts where id = ${LOCAL_ACCOUNT_ID}) as local,
             exists (select from auth.users where not is_anonymous) as signs_in`),
  )
  // Rows of an account that nobody can sign in to would be lost to everybody.
  if (value[0]?.signs_in && !value[0].local) {
    throw new ImportStopped(
      'People sign in here, so the import must know for whom it is. Nothing was written. Add --owner <email>.',
    )
  }
  if (!value[0]?.local) await ensureLocalAccount(db)
  return LOCAL_ACCOUNT_ID
}
