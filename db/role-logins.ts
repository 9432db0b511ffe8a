import postgres from 'postgres'
import { DatabaseNotUsable } from './database-not-usable.ts'
import { PASSWORD_VARIABLES, ROLE_NAMES, type Role, rolePassword, roleUrl } from './roles.ts'

export interface RoleLogin {
  role: Role
  password: string
  url: string
}

/** How the roles are to log in. @throws DatabaseNotUsable when it does not follow from the owner's connection string. */
export function roleLogins(ownerUrl: string, given: Partial<Record<Role, string>>): RoleLogin[] {
  return (Object.keys(ROLE_NAMES) as Role[]).map((role) => ({
    role,
    password: rolePassword(ownerUrl, role, given[role]),
    url: roleUrl(ownerUrl, role, given[role]),
  }))
}

/**
 * Which roles do not log in yet: they are missing, or were never given a password. Roles belong to the whole server,
 * so one that does may be another installation's too: its password is held against the one wanted, and never changed.
 * @throws DatabaseNotUsable when it has another password.
 */
export async function withoutLogin(owner: postgres.Sql, logins: RoleLogin[]): Promise<RoleLogin[]> {
  const present = await owner<{ rolname: string }[]>`
    select rolname from pg_roles where rolcanlogin and rolname in ${owner(Object.values(ROLE_NAMES))}`
  const names = new Set(present.map(({ rolname }) => rolname))
  for (const login of logins) if (names.has(ROLE_NAMES[login.role])) await assertLogsIn(login)
  return logins.filter(({ role }) => !names.has(ROLE_NAMES[role]))
}

/** @throws DatabaseNotUsable when the owner may not give the role its password. */
export async function giveLogin(owner: postgres.Sql, login: RoleLogin): Promise<void> {
  const name = ROLE_NAMES[login.role]
  // ALTER ROLE takes no parameters; both parts are quoted by Postgres itself.
  const [statement] =
    await owner`select format('ALTER ROLE %I LOGIN PASSWORD %L', ${name}::text, ${login.password}::text) as text`
  await owner.unsafe(String(statement?.text)).catch(async (cause: unknown) => {
    if (codeOf(cause) !== '42501') throw cause
    const [connected] = await owner`select current_user as name`
    throw new DatabaseNotUsable(notAllowed(String(connected?.name), login.role), { cause })
  })
}

async function assertLogsIn({ role, url }: RoleLogin): Promise<void> {
  const sql = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {} })
  try {
    await sql`select 1`
  } catch (cause) {
    const isRefused = codeOf(cause) === '28P01'
    const reason = cause instanceof Error ? cause.message : String(cause)
    const name = ROLE_NAMES[role]
    throw new DatabaseNotUsable(
      isRefused ? otherPassword(role) : `The role "${name}" cannot log in to the database: ${reason}`,
      { cause },
    )
  } finally {
    await sql.end({ timeout: 5 })
  }
}

function otherPassword(role: Role): string {
  const [name, variable] = [ROLE_NAMES[role], PASSWORD_VARIABLES[role]]
  return `The role "${name}" has another password than the one wanted here (${variable}, or derived from the one in DATABASE_URL). It was left as it is: roles belong to the whole PostgreSQL server, and another installation may run as this one.
- If another installation uses this server, set ${variable} to the password that it uses, or use a PostgreSQL server of your own.
- If this is the only one and you changed a password, run as a superuser: ALTER ROLE ${name} NOLOGIN; then start again, which gives the role the password wanted.`
}

function notAllowed(owner: string, role: Role): string {
  const name = ROLE_NAMES[role]
  return `"${owner}" may not give the role "${name}" its password, because another role made it. As a superuser: ALTER ROLE ${name} LOGIN PASSWORD '<a password>'; then set ${PASSWORD_VARIABLES[role]} to that password.`
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
