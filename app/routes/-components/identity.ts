import type { Account } from '#db/schema/accounts.ts'

export interface Identity {
  mode: 'local' | 'accounts'
  account: Pick<Account, 'id' | 'display_name' | 'kind'>
}

/** A refusal of the sign-in endpoints: the server's code and sentence. */
export class IdentityError extends Error {
  override name = 'IdentityError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Who this browser is. @throws IdentityError `unauthenticated` when it is nobody yet. */
export const whoami = (): Promise<Identity> => ask('whoami', 'GET')

export const signIn = (email: string, password: string): Promise<{ account_id: string }> =>
  ask('sign-in', 'POST', { email, password })

export const signOut = (): Promise<object> => ask('sign-out', 'POST', {})

/** Joins as a guest, the same one for the same id and token, or as who is signed in already. */
export const acceptInvitation = (
  id: string,
  token: string,
  display_name: string,
): Promise<{ session_id: string }> => ask('accept-invitation', 'POST', { id, token, display_name })

async function ask<T>(endpoint: string, method: 'GET' | 'POST', body?: object): Promise<T> {
  const request = () =>
    fetch(`/api/auth/${endpoint}`, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
  // A question can be asked again at once: a connection that was just being closed is no reason to trouble anybody.
  const response = await (method === 'GET' ? request().catch(request).catch(request) : request()).catch(
    () => {
      throw new IdentityError(
        'unavailable',
        'The server cannot be reached. Check the connection and try again.',
      )
    },
  )
  const answer = await response.json().catch(() => null)
  if (response.ok && answer) return answer
  throw new IdentityError(
    answer?.error?.code ?? 'unavailable',
    answer?.error?.message ?? `The server answered ${response.status}. Try again.`,
  )
}
