import { Client, type ClientConfig } from 'pg'
import { LogicalReplicationService } from 'pg-logical-replication'
import { formatLsn, parseLsn } from '../shape/offsets.ts'
import { PgoutputParser, type ReplicationMessage } from './pgoutput.ts'
import {
  openSource,
  type ReplicationSource,
  type SourceOptions,
  startReplication,
} from './replication-source.ts'

/** How values are printed, in the stream and in snapshots alike. */
export const DISPLAY_SETTINGS = {
  bytea_output: 'hex',
  DateStyle: 'ISO, DMY',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  IntervalStyle: 'iso_8601',
} as const

export interface StreamHandlers {
  /** Called before anything arrives, and waited for. */
  onSource(source: ReplicationSource): Promise<void>
  /** Whatever commits after the source's position arrives. */
  onStart(): void
  onMessage(message: ReplicationMessage): void
  /** Everything before the position was sent. */
  onPosition(lsn: bigint): void
  /** Nothing arrives any more; called before the connection is cleared away, which can take a while. */
  onEnd(): void
  /** Stores what arrived. @returns the position up to which nothing is needed again. */
  store(): Promise<bigint>
}

const STORE_EVERY_MS = 1_000
const PING_AFTER_MS = 10_000
// Longer than Postgres may be silent while it decodes a large transaction: it answers at half its wal_sender_timeout.
const LOST_AFTER_MS = 120_000

/**
 * Follows a publication on one connection until it is lost or aborted.
 * @throws the reason why the connection ended, unless aborted
 */
export async function followPublication(
  config: ClientConfig,
  options: SourceOptions,
  handlers: StreamHandlers,
  signal: AbortSignal,
): Promise<void> {
  const service = new LogicalReplicationService(config, { acknowledge: { auto: false, timeoutSeconds: 0 } })
  hearFromTheStart(service, config)
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => {}) // awaited below, and may end before that
  const keeper = new Keeper(service, handlers, ended.reject)
  const plugin = new SourcePlugin(options, handlers, signal)
  const abort = () => ended.reject(new Error('The replication was stopped.'))
  signal.addEventListener('abort', abort)
  service.on('error', ended.reject)
  service.on('start', () => keeper.begin())
  try {
    signal.throwIfAborted()
    const stream = service.subscribe(plugin, options.slot)
    stream.catch(() => {}) // after the race is over
    await Promise.race([ended.promise, stream])
    throw new Error('Postgres ended the replication.')
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', abort)
    keeper.end()
    handlers.onEnd()
    await endConnection(service)
  }
}

/**
 * Reads what arrives, and has it stored and acknowledged once a second and whenever Postgres asks, so that the log
 * is released while the database is idle too; asks for a sign of life when nothing comes.
 */
class Keeper {
  readonly #service: LogicalReplicationService
  readonly #handlers: StreamHandlers
  readonly #onLost: (reason: unknown) => void
  readonly #parser = new PgoutputParser()
  #lastHeard = Date.now()
  #lastSent: bigint | null = null
  #timer: NodeJS.Timeout | undefined
  #hasEnded = false

  constructor(
    service: LogicalReplicationService,
    handlers: StreamHandlers,
    onLost: (reason: unknown) => void,
  ) {
    this.#service = service
    this.#handlers = handlers
    this.#onLost = onLost
    service.on('data', (_lsn, bytes: Buffer) =>
      this.#hear(() => handlers.onMessage(this.#parser.parse(bytes))),
    )
    service.on('heartbeat', (text, _timestamp, shouldRespond) =>
      this.#hear(() => {
        handlers.onPosition(parseLsn(text))
        if (shouldRespond) this.#storeAndAcknowledge(true, false)
      }),
    )
  }

  begin(): void {
    this.#handlers.onStart()
    this.#timer = setInterval(() => this.#hearNothing(), STORE_EVERY_MS)
  }

  end(): void {
    this.#hasEnded = true
    clearInterval(this.#timer)
  }

  #hear(read: () => void): void {
    // After a failure the driver goes on with what it has read already: a transaction without the change that failed.
    if (this.#hasEnded) return
    this.#lastHeard = Date.now()
    this.#guard(read)
  }

  #hearNothing(): void {
    this.#guard(() => {
      const silentMs = Date.now() - this.#lastHeard
      if (silentMs > LOST_AFTER_MS) throw new Error('Postgres has not answered for two minutes.')
      const isPing = silentMs > PING_AFTER_MS
      this.#storeAndAcknowledge(isPing, isPing)
    })
  }

  /** @param isWanted whether an acknowledgement says something even if nothing is new. */
  #storeAndAcknowledge(isWanted: boolean, isPing: boolean): void {
    const send = (lsn: bigint) => {
      if (this.#hasEnded || (!isWanted && lsn === this.#lastSent)) return
      this.#lastSent = lsn
      // The package adds one. Acknowledging more than was sent, Postgres would never find us done when it shuts down.
      return this.#service.acknowledge(formatLsn(lsn - 1n), isPing)
    }
    this.#handlers.store().then(send).catch(this.#onLost)
  }

  // Thrown on, it would end the process from within the socket's callback.
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#hasEnded = true
      this.#onLost(error)
    }
  }
}

// The package begins to listen for errors a moment after the connection is up: one that comes with it, as when Postgres
// is just shutting down, would end the process.
function hearFromTheStart(service: LogicalReplicationService, config: ClientConfig): void {
  const inner = service as unknown as {
    _client: Client | null
    _connection: object | null
    client(): Promise<[Client, object]>
  }
  inner.client = async () => {
    // The types know no replication, nor what it is a connection of.
    const client = new Client({ ...config, replication: 'database' } as ClientConfig)
    inner._client = client
    client.on('error', (error) => service.emit('error', error))
    await client.connect()
    const { connection } = client as unknown as { connection: object }
    inner._connection = connection
    return [client, connection]
  }
}

// A peer that vanished never confirms the end: the socket is cut.
async function endConnection(service: LogicalReplicationService): Promise<void> {
  const cut = setTimeout(() => connectionOf(service)?.stream?.destroy(), 1_000)
  await service.destroy().catch(() => {})
  clearTimeout(cut)
}

// The package has no way to end a connection at once.
function connectionOf(service: LogicalReplicationService) {
  return (service as unknown as { _connection: { stream?: { destroy(): void } } | null })._connection
}

class SourcePlugin {
  readonly name = 'pgoutput'
  readonly options = null
  readonly #options: SourceOptions
  readonly #handlers: StreamHandlers
  readonly #signal: AbortSignal

  constructor(options: SourceOptions, handlers: StreamHandlers, signal: AbortSignal) {
    this.#options = options
    this.#handlers = handlers
    this.#signal = signal
  }

  // Parsed by the listener, where a fault can be caught.
  parse(bytes: Buffer): Buffer {
    return bytes
  }

  async start(client: Client): Promise<unknown> {
    for (const [name, value] of Object.entries(DISPLAY_SETTINGS))
      await client.query(`SET ${name} = '${value}'`)
    await client.query('SET statement_timeout = 0')
    const source = await openSource(client, this.#options, this.#signal)
    await this.#handlers.onSource(source)
    return startReplication(client, this.#options, source.startLsn)
  }
}
