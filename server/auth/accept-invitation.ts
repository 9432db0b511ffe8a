import { createHash } from 'node:crypto'
import { and, eq, gt, isNull, notExists, type SQL, sql } from 'drizzle-orm'
import { v5 as uuidv5, v7 as uuidv7 } from 'uuid'
import type { Database } from '#db/client.ts'
import type { MutationAnswer } from '#db/inputs/index.ts'
import { accounts, invitations } from '#db/schema/index.ts'
import { applyMutation } from '#server/mutations/index.ts'
import { AppError } from '../errors.ts'
import type { Library } from './library.ts'
import { type NewGuest, newGuest } from './new-guest.ts'

export interface Acceptance {
  /** Secret of the browser that accepts; the same again is the same guest. */
  id?: string | undefined
  token: string
  display_name: string
}

export interface Joined extends MutationAnswer {
  account_id: string
  session_id: string
  /** Of the new guest's login. */
  cookies: Headers | null
}

interface Parts {
  db: Database
  library: Library
}

/**
 * Joins as `accountId`, or as a guest when that is null: the same one for the same id and token.
 * @throws AppError not_found for an invitation that is unknown, expired, revoked or used up: no guest is made then.
 */
export async function joinByInvitation(
  { db, library }: Parts,
  request: Request,
  { id: mutationId = uuidv7(), token, display_name: name }: Acceptance,
  accountId: string | null,
): Promise<Joined> {
  const join = (account_id: string, id: string) =>
    applyMutation(
      db,
      { accountId: account_id },
      { mutationId: id, name: 'session_members.join', input: { token } },
    )
  if (accountId) {
    const session_id = await sessionOf(db, token)
    return { account_id: accountId, session_id, cookies: null, ...(await join(accountId, uuidv7())) }
  }
  const account_id = guestOf(mutationId, token)
  const session_id = await sessionOf(db, token, isOpenTo(account_id))
  const cookies = await signInGuest(library, request, { name, account_id })
  try {
    return { account_id, session_id, cookies, ...(await join(account_id, mutationId)) }
  } catch (error) {
    // Somebody else was faster with the last use: the guest has taken part in nothing and goes, with its login.
    if (error instanceof AppError && error.code !== 'unavailable') await forgetGuest(db, account_id)
    throw error
  }
}

const GUESTS = '5b0c0f0e-7f4e-4f0b-9d8c-3f6f1a0e2c47'

/**
 * Follows from two secrets, so that whoever is let in again as this guest must know both, and the id of the account,
 * which other members see, leads to neither. No other account can have it.
 */
function guestOf(id: string, token: string): string {
  return uuidv5(`${id} ${token}`, GUESTS)
}

async function signInGuest(library: Library, request: Request, guest: NewGuest): Promise<Headers> {
  const { headers } = await newGuest.run(guest, () =>
    library.api.signInAnonymous({ headers: request.headers, returnHeaders: true }),
  )
  return headers
}

async function forgetGuest(db: Database, id: string): Promise<void> {
  const memberships = sql`(select from session_members where account_id = ${id})`
  await db.transaction(id, (tx) =>
    tx.delete(accounts).where(and(eq(accounts.id, id), notExists(memberships))),
  )
}

/** The invitation's session. Who is signed in may be a member already, so there the mutation decides whether it is open. */
async function sessionOf(db: Database, token: string, isOpen?: SQL): Promise<string> {
  const token_hash = createHash('sha256').update(token).digest('hex')
  const { value } = await db.transaction(null, (tx) =>
    tx
      .select({ session_id: invitations.session_id })
      .from(invitations)
      .where(and(eq(invitations.token_hash, token_hash), isOpen)),
  )
  const [invitation] = value
  if (!invitation)
    throw new AppError('not_found', 'This invitation is not valid any more. Ask for a new one.')
  return invitation.session_id
}

/** For whoever came by it before and still takes part it need have no use left. */
const isOpenTo = (guest: string) =>
  and(
    isNull(invitations.revoked_at),
    gt(invitations.expires_at, sql`now()`),
    sql`coalesce((select m.left_at is null from session_members m
                  where m.session_id = invitations.session_id and m.account_id = ${guest}),
                 invitations.uses < invitations.max_uses)`,
  )
