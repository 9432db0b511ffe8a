import { randomBytes } from 'node:crypto'
import type { Client, ClientConfig } from 'pg'
import { LogicalReplicationService } from 'pg-logical-replication'
import { formatLsn, parseLsn } from './offsets.ts'
import { PgoutputParser, type ReplicationMessage } from './pgoutput.ts'

/** How values are printed, in the stream and in snapshots alike. */
export const DISPLAY_SETTINGS = {
  bytea_output: 'hex',
  DateStyle: 'ISO, DMY',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  IntervalStyle: 'iso_8601',
} as const

export interface StreamHandlers {
  /** Whatever commits from here on arrives. */
  onStart(startLsn: bigint): void
  /** @returns the position to acknowledge, at a commit. */
  onMessage(message: ReplicationMessage): bigint | null
  /** Nothing arrives any more; called before the connection is cleared away, which can take a while. */
  onEnd(): void
  /** Everything before the position was sent. @returns whether it was also read whole. */
  onPosition(lsn: bigint): boolean
}

const ACKNOWLEDGE_EVERY_MS = 1_000
const PING_AFTER_MS = 10_000
const LOST_AFTER_MS = 30_000

/**
 * Follows a publication on one connection until it is lost or aborted. The slot is temporary: it goes with the
 * connection, so it can neither hold the log back afterwards nor be in another process's way.
 * @throws the reason why the connection ended, unless aborted
 */
export async function followPublication(
  config: ClientConfig,
  streamId: string,
  handlers: StreamHandlers,
  signal: AbortSignal,
): Promise<void> {
  const service = new LogicalReplicationService(config, { acknowledge: { auto: false, timeoutSeconds: 0 } })
  const plugin = new TemporarySlotPlugin(`electric_publication_${streamId}`)
  const slot = `electric_slot_${streamId}_${randomBytes(4).toString('hex')}`.toLowerCase()
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => {}) // awaited below, and may end before that
  const stopKeeping = keepAcknowledging(service, handlers, ended.reject)
  const abort = () => ended.reject(new Error('The replication was stopped.'))
  signal.addEventListener('abort', abort)
  service.on('error', ended.reject)
  service.on('start', () => handlers.onStart(plugin.startLsn))
  try {
    signal.throwIfAborted()
    const stream = service.subscribe(plugin, slot)
    stream.catch(() => {}) // after the race is over
    await Promise.race([ended.promise, stream])
    throw new Error('Postgres ended the replication.')
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', abort)
    stopKeeping()
    handlers.onEnd()
    await endConnection(service)
  }
}

/**
 * Acknowledges at most once a second, and whenever Postgres asks, so that the log is released while the
 * database is idle too; asks for a sign of life when nothing comes.
 */
function keepAcknowledging(
  service: LogicalReplicationService,
  handlers: StreamHandlers,
  onLost: (reason: unknown) => void,
): () => void {
  let received: bigint | null = null
  let lastHeard = Date.now()
  const acknowledge = (ping: boolean) => {
    // The package adds one. Acknowledging more than was sent, Postgres would never find us done when it shuts down.
    if (received) service.acknowledge(formatLsn(received - 1n), ping).catch(onLost)
  }
  const parser = new PgoutputParser()
  service.on('data', (_lsn, bytes: Buffer) => {
    lastHeard = Date.now()
    try {
      received = handlers.onMessage(parser.parse(bytes)) ?? received
    } catch (error) {
      // Thrown on, it would end the process from within the socket's callback.
      onLost(error)
    }
  })
  service.on('heartbeat', (text, _timestamp, shouldRespond) => {
    lastHeard = Date.now()
    const lsn = parseLsn(text)
    if (handlers.onPosition(lsn)) received = lsn
    if (shouldRespond) acknowledge(false)
  })
  let lastSent: bigint | null = null
  const timer = setInterval(() => {
    const silentMs = Date.now() - lastHeard
    if (silentMs > LOST_AFTER_MS) onLost(new Error('Postgres has not answered for 30 seconds.'))
    else if (silentMs > PING_AFTER_MS || received !== lastSent) acknowledge(silentMs > PING_AFTER_MS)
    lastSent = received
  }, ACKNOWLEDGE_EVERY_MS)
  return () => clearInterval(timer)
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

class TemporarySlotPlugin {
  readonly name = 'pgoutput'
  readonly options = null
  readonly #publication: string
  startLsn = 0n

  constructor(publication: string) {
    this.#publication = publication
  }

  // Parsed by the listener, where a fault can be caught.
  parse(bytes: Buffer): Buffer {
    return bytes
  }

  async start(client: Client, slot: string): Promise<unknown> {
    for (const [name, value] of Object.entries(DISPLAY_SETTINGS))
      await client.query(`SET ${name} = '${value}'`)
    await client.query('SET statement_timeout = 0')
    const { rows } = await client.query<{ consistent_point: string }>(
      `CREATE_REPLICATION_SLOT "${slot}" TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`,
    )
    const start = rows[0]?.consistent_point ?? '0/0'
    this.startLsn = parseLsn(start)
    const publication = this.#publication.replaceAll('"', '""').replaceAll("'", "''")
    return client.query(
      `START_REPLICATION SLOT "${slot}" LOGICAL ${start} (proto_version '1', publication_names '"${publication}"')`,
    )
  }
}
