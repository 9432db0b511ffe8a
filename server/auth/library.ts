import { betterAuth } from 'better-auth/minimal'
import { anonymous } from 'better-auth/plugins/anonymous'
import { v7 as uuidv7 } from 'uuid'
import type { Database } from '#db/client.ts'
import type { Env } from '../env.ts'
import { databaseAdapter } from './adapter.ts'
import { newGuest } from './new-guest.ts'

export type LibraryEnv = Pick<Env, 'AUTH_SECRET' | 'PUBLIC_URL'>

const DAY_S = 24 * 60 * 60

export const MIN_PASSWORD_LENGTH = 12
/** Hashing takes time in proportion; nobody types more. */
export const MAX_PASSWORD_LENGTH = 128

export type Library = ReturnType<typeof createLibrary>

/** better-auth over our tables. Only `auth.api` is used: no route leads to its own HTTP handler. */
export function createLibrary(db: Database, env: LibraryEnv) {
  return betterAuth({
    appName: 'Throughline',
    baseURL: env.PUBLIC_URL,
    secret: env.AUTH_SECRET,
    database: databaseAdapter(db),
    telemetry: { enabled: false },
    logger: { disabled: true },
    // Sign-up is closed: accounts come by `npm run account:create` or, as guests, by an invitation.
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: MIN_PASSWORD_LENGTH,
      maxPasswordLength: MAX_PASSWORD_LENGTH,
    },
    // Counted in Postgres for all instances together instead (sign-in-throttle.ts).
    rateLimit: { enabled: false },
    plugins: [
      anonymous({
        disableDeleteAnonymousUser: true,
        generateName: () => newGuest.getStore()?.name ?? 'Guest',
        schema: { user: { fields: { isAnonymous: 'is_anonymous' } } },
      }),
    ],
    user: {
      fields: { emailVerified: 'email_verified', ...TIMES },
      // `input: false`: whom a user signs in to is never the caller's to say.
      additionalFields: { account_id: { type: 'string', required: true, input: false } },
    },
    session: {
      fields: {
        userId: 'user_id',
        expiresAt: 'expires_at',
        ipAddress: 'ip_address',
        userAgent: 'user_agent',
        ...TIMES,
      },
      // A guest has no way back in, so a login lives on while it is used: a visit a month keeps it.
      expiresIn: 30 * DAY_S,
      updateAge: DAY_S,
    },
    account: {
      fields: {
        userId: 'user_id',
        accountId: 'account_id',
        providerId: 'provider_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        ...TIMES,
      },
    },
    verification: { fields: { expiresAt: 'expires_at', ...TIMES } },
    advanced: {
      database: { generateId: () => uuidv7() },
      // The name below carries its own prefix, which is stricter than the library's.
      useSecureCookies: false,
      cookies: { session_token: { name: cookieName(env) } },
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/', secure: isHttps(env) },
      // Addresses come from the connection, never from a header that anybody can send.
      ipAddress: { disableIpTracking: true },
    },
  })
}

const TIMES = { createdAt: 'created_at', updatedAt: 'updated_at' }

const isHttps = ({ PUBLIC_URL }: Pick<Env, 'PUBLIC_URL'>) => new URL(PUBLIC_URL).protocol === 'https:'

/**
 * `__Host-` binds the cookie to this host and to TLS. Without TLS the port is part of the name, because browsers share
 * the cookies of localhost between all ports.
 */
export function cookieName(env: Pick<Env, 'PUBLIC_URL'>): string {
  if (isHttps(env)) return '__Host-throughline'
  return `throughline-${new URL(env.PUBLIC_URL).port || '80'}`
}
