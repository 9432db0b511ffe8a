import type { Log } from './log.ts'

export interface ElectricOptions {
  /** A role with REPLICATION and SELECT; it creates a slot, and what publishing by itself needs. */
  readonly databaseUrl: string
  /** 0, the default, takes a free one. */
  readonly port?: number
  readonly host?: string
  /** What callers must give as `secret`; null lets everybody in. */
  readonly secret: string | null
  /** Names the publication, `electric_publication_<id>`, and the slot. */
  readonly replicationStreamId?: string
  /** Where shapes outlive the process; null, the default, for nowhere. */
  readonly storageDir?: string | null
  /** Whether migrations publish tables, the default, and not this program when a shape asks for one. */
  readonly manualTablePublishing?: boolean
  readonly longPollTimeoutMs?: number
  /** How long one stream of server-sent events lasts; the client opens the next. */
  readonly sseTimeoutMs?: number
  /** After how long without an event a comment tells proxies that the stream still lives. */
  readonly sseKeepAliveMs?: number
  /** Requests at once that name no shape, or none that is known: each may cost a snapshot. */
  readonly maxInitialRequests?: number
  /** Requests at once on known shapes, waiting ones included. */
  readonly maxExistingRequests?: number
  /** Whether `DELETE /v1/shape` ends shapes: for test suites that tidy up. */
  readonly allowShapeDeletion?: boolean
  readonly chunkBytesThreshold?: number
  readonly maxShapes?: number
  /** One shape's log: beyond it clients start afresh from a new snapshot. */
  readonly maxLogBytes?: number
  /** One shape's snapshot: a larger one is refused. */
  readonly maxSnapshotBytes?: number
  /** All shapes together: beyond it those read longest ago are dropped. */
  readonly maxTotalBytes?: number
  /** How long a request waits for the database to be connected before it is answered 503. */
  readonly readyTimeoutMs?: number
  /** How long a snapshot waits for a table that a schema change holds. */
  readonly lockTimeoutMs?: number
  /** How often the catalog is asked for what no write announces, such as a dropped table. */
  readonly reconcileEveryMs?: number
  /** How often it is seen to that shapes stay within their limits. */
  readonly trimEveryMs?: number
  readonly cacheMaxAgeSeconds?: number
  readonly cacheStaleAgeSeconds?: number
  readonly log?: Log
}

export type ElectricSettings = Required<ElectricOptions>

const MIB = 1024 * 1024
const GIB = 1024 * MIB

/** @throws Error that says which option is wrong. */
export function withDefaults(options: ElectricOptions): ElectricSettings {
  const settings: ElectricSettings = {
    port: 0,
    host: '127.0.0.1',
    replicationStreamId: 'default',
    storageDir: null,
    manualTablePublishing: true,
    longPollTimeoutMs: 20_000,
    sseTimeoutMs: 60_000,
    sseKeepAliveMs: 21_000,
    maxInitialRequests: 300,
    maxExistingRequests: 10_000,
    allowShapeDeletion: false,
    chunkBytesThreshold: 10 * MIB,
    maxShapes: 5_000,
    maxLogBytes: 64 * MIB,
    maxSnapshotBytes: 8 * GIB,
    maxTotalBytes: 16 * GIB,
    readyTimeoutMs: 5_000,
    lockTimeoutMs: 5_000,
    reconcileEveryMs: 60_000,
    trimEveryMs: 5_000,
    cacheMaxAgeSeconds: 60,
    cacheStaleAgeSeconds: 300,
    log: () => {},
    ...options,
  }
  if (settings.secret === '') throw new Error('The secret must not be empty.')
  if (!/^[a-z0-9_]{1,40}$/.test(settings.replicationStreamId)) {
    throw new Error('The replication stream id may hold only a-z, 0-9 and _, at most 40 of them.')
  }
  return settings
}
