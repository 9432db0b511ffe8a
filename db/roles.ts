import { createHmac } from 'node:crypto'
import { DatabaseNotUsable } from './database-not-usable.ts'

export type Role = 'app' | 'electric'

export const ROLE_NAMES: Record<Role, string> = { app: 'throughline_app', electric: 'throughline_electric' }

/** Environment variables that give the passwords. */
export const PASSWORD_VARIABLES: Record<Role, string> = {
  app: 'DATABASE_APP_PASSWORD',
  electric: 'DATABASE_ELECTRIC_PASSWORD',
}

/**
 * The password of a role: as given, or derived from the owner's, so that every instance with the same
 * DATABASE_URL arrives at the same one and nothing has to be stored.
 * @throws DatabaseNotUsable when nothing is given and the owner has no password.
 */
export function rolePassword(ownerUrl: string, role: Role, given?: string): string {
  if (given) return given
  const owner = parsed(ownerUrl)
  // Derived from nothing it would be a default secret that everybody could compute.
  if (!owner.password) {
    throw new DatabaseNotUsable(
      'DATABASE_URL has no password to derive the roles’ passwords from. Set DATABASE_APP_PASSWORD and DATABASE_ELECTRIC_PASSWORD.',
    )
  }
  return createHmac('sha256', decodeURIComponent(owner.password))
    .update(`throughline role ${role}`)
    .digest('base64url')
}

/**
 * The owner's connection string with the role's login in the owner's place.
 * @throws DatabaseNotUsable when it has no such place.
 */
export function roleUrl(ownerUrl: string, role: Role, given?: string): string {
  const url = parsed(ownerUrl)
  url.username = ROLE_NAMES[role]
  url.password = encodeURIComponent(rolePassword(ownerUrl, role, given))
  return url.href
}

// Without a host there is nowhere to put a login: a URL keeps none, and the app would connect as whoever runs it.
function parsed(ownerUrl: string): URL {
  const url = URL.canParse(ownerUrl) ? new URL(ownerUrl) : null
  if (url?.hostname) return url
  throw new DatabaseNotUsable(
    'DATABASE_URL must name a host, one of them, as in postgres://owner:password@127.0.0.1:5432/throughline: ' +
      'logins of other roles are made from it, which the folder of a socket leaves no place for.',
  )
}
