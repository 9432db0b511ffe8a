import { createHmac } from 'node:crypto'

export type Role = 'app' | 'electric'

export const ROLE_NAMES: Record<Role, string> = { app: 'throughline_app', electric: 'throughline_electric' }

/**
 * The password of a role: as given, or derived from the owner's, so that every instance with the same
 * DATABASE_URL arrives at the same one and nothing has to be stored.
 * @throws TypeError when nothing is given and the owner has no password.
 */
export function rolePassword(ownerUrl: string, role: Role, given?: string): string {
  if (given) return given
  const owner = new URL(ownerUrl)
  // Derived from nothing it would be a default secret that everybody could compute.
  if (!owner.password) {
    throw new TypeError(
      'DATABASE_URL has no password to derive the roles’ passwords from. Set DATABASE_APP_PASSWORD and DATABASE_ELECTRIC_PASSWORD.',
    )
  }
  return createHmac('sha256', decodeURIComponent(owner.password))
    .update(`throughline role ${role}`)
    .digest('base64url')
}

/** The owner's connection string with the role's login in the owner's place. */
export function roleUrl(ownerUrl: string, role: Role, given?: string): string {
  const url = new URL(ownerUrl)
  url.username = ROLE_NAMES[role]
  url.password = encodeURIComponent(rolePassword(ownerUrl, role, given))
  return url.href
}
