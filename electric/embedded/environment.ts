import type { ElectricOptions } from './options.ts'

type Environment = Readonly<Record<string, string | undefined>>

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, sec: 1_000, m: 60_000, min: 60_000 }

/**
 * The real service's variables, so that either can stand in the other's place.
 * @throws Error that names the variable and what it should be
 */
export function optionsFromEnvironment(env: Environment): ElectricOptions {
  const databaseUrl = env.DATABASE_URL
  if (!databaseUrl) throw new Error('DATABASE_URL is not set. It names the Postgres to follow.')
  return {
    databaseUrl,
    secret: readSecret(env),
    port: readNumber(env, 'ELECTRIC_PORT') ?? 3000,
    storageDir: env.ELECTRIC_STORAGE_DIR || './persistent',
    manualTablePublishing: env.ELECTRIC_MANUAL_TABLE_PUBLISHING === 'true',
    ...given('replicationStreamId', env.ELECTRIC_REPLICATION_STREAM_ID || undefined),
    ...given('chunkBytesThreshold', readNumber(env, 'ELECTRIC_SHAPE_CHUNK_BYTES_THRESHOLD')),
    ...given('longPollTimeoutMs', readDuration(env, 'ELECTRIC_LONG_POLL_TIMEOUT')),
    ...given('maxShapes', readNumber(env, 'ELECTRIC_MAX_SHAPES')),
    ...given('cacheMaxAgeSeconds', readNumber(env, 'ELECTRIC_CACHE_MAX_AGE')),
    ...given('cacheStaleAgeSeconds', readNumber(env, 'ELECTRIC_CACHE_STALE_AGE')),
    ...given('allowShapeDeletion', env.ELECTRIC_ENABLE_INTEGRATION_TESTING === 'true' || undefined),
  }
}

function readSecret(env: Environment): string | null {
  if (env.ELECTRIC_SECRET) return env.ELECTRIC_SECRET
  if (env.ELECTRIC_INSECURE === 'true') return null
  throw new Error(
    'Set ELECTRIC_SECRET, or ELECTRIC_INSECURE=true to let everybody read every published table.',
  )
}

function readNumber(env: Environment, name: string): number | undefined {
  const text = env[name]
  if (!text) return undefined
  if (!/^\d{1,15}$/.test(text))
    throw new Error(`${name} must be a whole number, not ${JSON.stringify(text)}.`)
  return Number(text)
}

/** Milliseconds, or with a unit: `500ms`, `20s`, `1m`. */
function readDuration(env: Environment, name: string): number | undefined {
  const text = env[name]
  if (!text) return undefined
  const match = /^(\d{1,9})(ms|s|sec|m|min)?$/.exec(text)
  if (!match) throw new Error(`${name} must be a duration such as 20s, not ${JSON.stringify(text)}.`)
  return Number(match[1]) * (UNITS[match[2] ?? 'ms'] ?? 1)
}

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [N in Name]?: Value } {
  // A computed key widens to string; there is one property or none.
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: Value }
}
