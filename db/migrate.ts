import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { DatabaseNotUsable } from './database-not-usable.ts'
import { MIGRATION_LOCK, MIGRATIONS, withMigrationsThrough } from './migration-journal.ts'
import { giveLogin, roleLogins, withoutLogin } from './role-logins.ts'
import { PASSWORD_VARIABLES, ROLE_NAMES, type Role } from './roles.ts'

/**
 * Brings a database to this release's schema and gives the roles their passwords. Safe to run from several
 * instances at once: they take turns.
 * @param ownerUrl connection string of the role that owns the schema; where the roles are missing it needs CREATEROLE
 * and REPLICATION (PostgreSQL 16 and newer), or superuser.
 * @param through the last migration to run, after which the roles do not log in yet; all of them when absent.
 * @throws DatabaseNotUsable naming what is missing and the statement that mends it.
 */
export async function migrateDatabase(
  ownerUrl: string,
  passwords: Partial<Record<Role, string>> = {},
  { through }: { through?: string } = {},
): Promise<void> {
  const logins = roleLogins(ownerUrl, passwords)
  const sql = postgres(ownerUrl, { max: 1, connect_timeout: 10, onnotice: () => {} })
  try {
    await assertUsable(sql, ownerUrl)
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`
    const fresh = await withoutLogin(sql, logins)
    const run = (migrationsFolder: string) => migrate(drizzle(sql), { migrationsFolder })
    await (through ? withMigrationsThrough(through, run) : run(MIGRATIONS))
    if (!through) for (const login of fresh) await giveLogin(sql, login)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

async function assertUsable(sql: postgres.Sql, ownerUrl: string): Promise<void> {
  const [server] = await sql`
    select current_setting('server_version_num')::int as version, current_setting('wal_level') as wal_level,
           current_user as name, rolsuper, rolcreaterole, rolreplication,
           format('%I', current_user) as quoted, format('%I', current_database()) as database,
           has_database_privilege(current_database(), 'CREATE') as may_create,
           (select has_schema_privilege(oid, 'CREATE') from pg_namespace where nspname = 'public') as may_create_tables,
           (select count(*)::int from pg_roles where rolname in ${sql(Object.values(ROLE_NAMES))}) as roles
    from pg_roles where rolname = current_user`.catch((cause: unknown) => {
    throw new DatabaseNotUsable(unreachable(ownerUrl, cause), { cause })
  })
  if (!server) throw new DatabaseNotUsable('PostgreSQL does not say who is connected.')
  const problems: string[] = []
  if (server.version < 150_000)
    problems.push(`PostgreSQL ${server.version} is too old: 15 or newer is needed.`)
  if (server.wal_level !== 'logical') {
    problems.push(
      `wal_level is "${server.wal_level}", it must be "logical". As a superuser: ALTER SYSTEM SET wal_level = 'logical'; then restart PostgreSQL.`,
    )
  }
  if (!server.may_create) {
    problems.push(
      `"${server.name}" may not create schemas here. As a superuser: GRANT CREATE ON DATABASE ${server.database} TO ${server.quoted};`,
    )
  }
  if (!server.may_create_tables) {
    problems.push(
      `"${server.name}" may not create tables here. As a superuser: GRANT CREATE ON SCHEMA public TO ${server.quoted};`,
    )
  }
  const areRolesMissing = server.roles < Object.keys(ROLE_NAMES).length
  const mayMakeRoles = server.rolcreaterole && server.rolreplication && server.version >= 160_000
  if (areRolesMissing && !server.rolsuper && !mayMakeRoles) {
    const remedy =
      server.version < 160_000 ? MAKE_ROLES : `ALTER ROLE ${server.quoted} CREATEROLE REPLICATION;`
    problems.push(
      `"${server.name}" may not make the roles that Throughline runs as. As a superuser: ${remedy}`,
    )
  }
  if (problems.length > 0)
    throw new DatabaseNotUsable(
      `The database behind DATABASE_URL cannot be used yet:\n- ${problems.join('\n- ')}`,
    )
}

// Before PostgreSQL 16 only a superuser makes a role with REPLICATION, or gives it a password.
const MAKE_ROLES =
  `CREATE ROLE ${ROLE_NAMES.app} LOGIN PASSWORD '<one>'; ` +
  `CREATE ROLE ${ROLE_NAMES.electric} LOGIN REPLICATION PASSWORD '<two>'; ` +
  `then set ${PASSWORD_VARIABLES.app}=<one> and ${PASSWORD_VARIABLES.electric}=<two>.`

function unreachable(ownerUrl: string, cause: unknown): string {
  const { hostname, port, pathname, username } = new URL(ownerUrl)
  const reason =
    cause instanceof Error ? (cause as NodeJS.ErrnoException).code || cause.message : String(cause)
  return `PostgreSQL is not reachable at ${hostname}:${port || 5432}${pathname} as "${username}": ${reason}. Is it running, and is DATABASE_URL right?`
}
