import { z } from 'zod'
import { certificateFiles, readCertificate } from './certificate.ts'

// The one place that knows the environment: what `npm start` reads, and what it gives to the app process.

const authMode = z.enum(['local', 'accounts']).default('local')

const address = {
  /** Address to listen on. Beyond loopback AUTH_MODE=accounts is required. */
  HOST: z.string().min(1).default('127.0.0.1'),
  /** PEM files of a certificate and its key, both or neither: with them the app serves HTTPS and HTTP/2. */
  TLS_CERT: z.string().min(1).optional(),
  TLS_KEY: z.string().min(1).optional(),
}

/** Read by `npm start` and the command-line tools. The rest of the app's variables are passed on as they are. */
const starterSchema = z.object({
  PORT: z.coerce.number().int().min(1).max(65_535).default(3000),
  /** Folder of the embedded PostgreSQL, generated secrets and logs. */
  DATA_DIR: z.string().min(1).default('.throughline'),
  /** The owner's connection string of a PostgreSQL of one's own; the embedded one runs when absent. */
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// connection string')
    .optional(),
  /** Passwords of the roles; derived from the owner's when absent (db/roles.ts). */
  DATABASE_APP_PASSWORD: z.string().min(1).optional(),
  DATABASE_ELECTRIC_PASSWORD: z.string().min(1).optional(),
  /** An Electric service of one's own; the embedded one runs when absent. */
  ELECTRIC_URL: z.url().optional(),
  /** Generated into DATA_DIR when absent, as are the next two. */
  ELECTRIC_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  AUTH_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  SHAPE_TOKEN_KEY: z.string().min(1).optional(),
  /** The app's own, see below; tools ask for whom they work where people sign in. */
  AUTH_MODE: authMode,
  /** The app's own, where it can be asked whether it is well. */
  ...address,
})

export type StarterEnv = z.output<typeof starterSchema>

/** What the app process reads. */
const schema = z.object({
  /** Port of the app. */
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  ...address,
  /** Connection string of the app's own role (the starter derives it from the owner's). */
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// connection string'),
  /** Base URL of Electric, the real service or the embedded one. */
  ELECTRIC_URL: z.url(),
  /** Sent to Electric with every request, never to anybody else. */
  ELECTRIC_SECRET: z.string().min(16, 'must have at least 16 characters'),
  /** `local`: one person on one machine; `accounts`: sign-in. */
  AUTH_MODE: authMode,
  /** Signs login cookies. */
  AUTH_SECRET: z.string().min(32, 'must have at least 32 characters'),
  /** Private EC P-256 key (JWK as JSON) that signs shape tokens. */
  SHAPE_TOKEN_KEY: z.string().refine(isPrivateP256, 'must be a private EC P-256 key as a JWK in JSON'),
  /** Where people reach the app; Host and Origin are checked against it. */
  PUBLIC_URL: z.url().optional(),
  /** Who sends it may read GET /api/metrics from anywhere; without it only this machine may. */
  METRICS_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  /** `true` when a proxy in front sets X-Forwarded-* headers; refused otherwise. */
  TRUST_PROXY: z.stringbool().default(false),
  /** Names the build that runs; a tab of another one offers to reload. */
  BUILD_ID: z.string().default('development'),
  /** trace, debug, info, warn, error or silent. */
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
})

export type Env = Omit<z.output<typeof schema>, 'PUBLIC_URL'> & { PUBLIC_URL: string }

export class EnvironmentError extends Error {
  override name = 'EnvironmentError'
}

type Source = Record<string, string | undefined>

/** @throws EnvironmentError naming every variable that is missing or wrong. */
export function parseEnv(source: Source): Env {
  const parsed = parse(schema, source)
  const scheme = certificateFiles(parsed) ? 'https' : 'http'
  const env = { ...parsed, PUBLIC_URL: parsed.PUBLIC_URL ?? `${scheme}://localhost:${parsed.PORT}` }
  refuseUnsafe(env)
  refuseUselessTls(env)
  return env
}

/** @throws EnvironmentError naming every variable that is wrong. */
export function parseStarterEnv(source: Source = process.env): StarterEnv {
  return parse(starterSchema, source)
}

/** The folder in which a person called a script; npm runs it in the project's. */
export function callersFolder(source: Source = process.env): string {
  return source.INIT_CWD ?? process.cwd()
}

/** The command that runs npm: the one that runs this script, or the one on the PATH. */
export function npmCommand(source: Source = process.env): [command: string, ...args: string[]] {
  return source.npm_execpath ? [process.execPath, source.npm_execpath] : ['npm']
}

function parse<S extends z.ZodType>(wanted: S, source: Source): z.output<S> {
  // An empty variable is one that was not set: compose files pass them so.
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''))
  const parsed = wanted.safeParse(given)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => `- ${issue.path.join('.')}: ${issue.message}`)
  throw new EnvironmentError(
    `The environment is not right (README.md, "Environment"):\n${problems.join('\n')}`,
  )
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1', '[::1]'])

// Without sign-in whoever reaches the app is the local account.
function refuseUnsafe(env: Env): void {
  if (env.AUTH_MODE !== 'local') return
  const reachable = reachableBy(env)
  if (!reachable) return
  throw new EnvironmentError(
    `AUTH_MODE=local asks nobody to sign in, and ${reachable}. Set AUTH_MODE=accounts, or keep the app on this machine: HOST=127.0.0.1, and neither PUBLIC_URL nor TRUST_PROXY.`,
  )
}

function reachableBy({ HOST, PUBLIC_URL, TRUST_PROXY }: Env): string | undefined {
  if (!LOOPBACK.has(HOST)) return `HOST=${HOST} is reachable from other machines`
  if (!LOOPBACK.has(new URL(PUBLIC_URL).hostname)) {
    return `PUBLIC_URL=${PUBLIC_URL} says that other machines reach it`
  }
  if (TRUST_PROXY) return 'TRUST_PROXY=true says that a proxy lets others in'
  return undefined
}

// Before anything starts, and not by each visitor's browser.
function refuseUselessTls(env: Env): void {
  if (!env.TLS_CERT !== !env.TLS_KEY) {
    const [set, missing] = env.TLS_CERT ? ['TLS_CERT', 'TLS_KEY'] : ['TLS_KEY', 'TLS_CERT']
    throw new EnvironmentError(`${set} is set and ${missing} is not. Set both for HTTPS, or neither.`)
  }
  const files = certificateFiles(env)
  if (!files) return
  if (!env.PUBLIC_URL.startsWith('https:')) {
    throw new EnvironmentError(
      `PUBLIC_URL=${env.PUBLIC_URL} is not where a server with TLS_CERT is reached. Begin it with https:, or leave both out.`,
    )
  }
  try {
    readCertificate(files)
  } catch (cause) {
    throw new EnvironmentError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function isPrivateP256(json: string): boolean {
  try {
    const jwk = JSON.parse(json) as Record<string, unknown> | null
    return (
      jwk?.kty === 'EC' &&
      jwk.crv === 'P-256' &&
      [jwk.d, jwk.x, jwk.y].every((part) => typeof part === 'string')
    )
  } catch {
    return false
  }
}
