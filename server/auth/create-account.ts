import { DrizzleQueryError } from 'drizzle-orm'
import { AppError } from '../errors.ts'
import { checked } from './checked-input.ts'
import { type NewAccount, newAccount } from './inputs.ts'
import type { Library } from './library.ts'

/**
 * Makes a full account that signs in with email and password. Not reachable over HTTP.
 * @throws AppError invalid, or conflict when the email is taken.
 */
export async function createAccount(library: Library, input: NewAccount): Promise<{ accountId: string }> {
  const { email, password, display_name } = checked(input, newAccount)
  const context = await library.$context
  const hash = await context.password.hash(password)
  return context.adapter
    .transaction(async (tx) => {
      const user = await tx.create<Record<string, unknown>, { id: string; account_id: string }>({
        model: 'user',
        data: { email: email.toLowerCase(), name: display_name, emailVerified: false, isAnonymous: false },
      })
      const credential = { userId: user.id, accountId: user.id, providerId: 'credential', password: hash }
      await tx.create({ model: 'account', data: credential })
      return { accountId: user.account_id }
    })
    .catch((cause: unknown) => {
      if (!isTaken(cause)) throw cause
      throw new AppError('conflict', `There is already an account with the email ${email}.`, { cause })
    })
}

function isTaken(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  return (cause as { constraint?: unknown } | undefined)?.constraint === 'users_email_unique' // as pg names it
}
