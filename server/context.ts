import { Registry } from 'prom-client'
import { v7 as uuidv7 } from 'uuid'
import { connect, type Database } from '#db/client.ts'
import { type Env, parseEnv } from './env.ts'
import type { Heartbeat } from './heartbeat.ts'
import { createLog, type Logger } from './log.ts'

/** What one app process has. Nothing that belongs to a person may be kept here. */
export interface AppContext {
  env: Env
  db: Database
  log: Logger
  /** Names this process in heartbeats. */
  instanceId: string
  /** What `GET /api/metrics` shows: never prom-client's own global one, which several contexts would share. */
  metrics: Registry
  /** Set by the process's entry, absent in tests that need none. */
  heartbeat?: Heartbeat
}

// Reloading in development evaluates modules anew; connections must not pile up with each.
const store = globalThis as typeof globalThis & { throughlineContext?: AppContext }

/** The process's context, made on first use from the environment. */
export function context(): AppContext {
  store.throughlineContext ??= createContext(parseEnv(process.env))
  return store.throughlineContext
}

export function createContext(env: Env): AppContext {
  return {
    env,
    db: connect(env.DATABASE_URL),
    log: createLog(env.LOG_LEVEL),
    instanceId: uuidv7(),
    metrics: new Registry(),
  }
}
