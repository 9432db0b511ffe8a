import { createHash } from 'node:crypto'
import { and, eq, gt, isNull, lt, sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import type { Database } from '#db/client.ts'
import type { MutationAnswer } from '#db/inputs/index.ts'
import { accounts, invitations } from '#db/schema/index.ts'
import { applyMutation } from '#server/mutations/index.ts'
import { AppError } from '../errors.ts'
import { guestName, type Library } from './library.ts'

export interface Acceptance {
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
 * Joins as `accountId`, or as a new guest when that is null.
 * @throws AppError not_found for an invitation that is unknown, expired, revoked or used up: no guest is made then.
 */
export async function joinByInvitation(
  { db, library }: Parts,
  request: Request,
  { token, display_name }: Acceptance,
  accountId: string | null,
): Promise<Joined> {
  const session_id = await invitedTo(db, token, accountId)
  const join = (account_id: string) =>
    applyMutation(
      db,
      { accountId: account_id },
      { mutationId: uuidv7(), name: 'session_members.join', input: { token } },
    )
  if (accountId) return { account_id: accountId, session_id, cookies: null, ...(await join(accountId)) }

  const guest = await createGuest(library, request, display_name)
  try {
    return { ...guest, session_id, ...(await join(guest.account_id)) }
  } catch (error) {
    // Somebody else was faster with the last use: the guest has taken part in nothing and goes, with its login.
    await db.transaction(guest.account_id, (tx) =>
      tx.delete(accounts).where(eq(accounts.id, guest.account_id)),
    )
    throw error
  }
}

async function createGuest(library: Library, request: Request, name: string) {
  const { headers: cookies, response } = await guestName.run(name, () =>
    library.api.signInAnonymous({ headers: request.headers, returnHeaders: true }),
  )
  return { account_id: response.user.account_id, cookies }
}

/** The invitation's session. For a new guest it must be open; who is signed in may be a member already, so the mutation decides. */
async function invitedTo(db: Database, token: string, accountId: string | null): Promise<string> {
  const token_hash = createHash('sha256').update(token).digest('hex')
  const { value } = await db.transaction(accountId, (tx) =>
    tx
      .select({ session_id: invitations.session_id })
      .from(invitations)
      .where(and(eq(invitations.token_hash, token_hash), accountId ? undefined : isOpen())),
  )
  const [invitation] = value
  if (!invitation)
    throw new AppError('not_found', 'This invitation is not valid any more. Ask for a new one.')
  return invitation.session_id
}

const isOpen = () =>
  and(
    isNull(invitations.revoked_at),
    gt(invitations.expires_at, sql`now()`),
    lt(invitations.uses, invitations.max_uses),
  )
