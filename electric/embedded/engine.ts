import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { type ClientConfig, Pool } from 'pg'
import postgres, { type Sql } from 'postgres'
import { describeError, errorCode, isDatabaseUnreachable } from './catalog/database-errors.ts'
import { DefinitionResolver } from './catalog/definition-resolver.ts'
import { publishedByMigrations, publishedOnDemand } from './catalog/publishing.ts'
import { PREPARE_READING, preparedOn, readRelation } from './catalog/relation-catalog.ts'
import { holdsOn, type ShapeDefinition, tablesOf } from './catalog/shape-definition.ts'
import type { Body } from './http/body.ts'
import {
  databaseUnreachable,
  mustRefetch,
  notReady,
  ProtocolError,
  snapshotFailed,
} from './http/protocol-error.ts'
import type { ElectricSettings } from './options.ts'
import type { ReplicationMessage, StreamedRelation } from './replication/pgoutput.ts'
import type { RecentTransactions } from './replication/recent-transactions.ts'
import { DISPLAY_SETTINGS, followPublication } from './replication/replication.ts'
import type { ReplicationSource } from './replication/replication-source.ts'
import { superviseStream } from './replication/stream-supervisor.ts'
import { TransactionReader, type TransactionReaderOptions } from './replication/transaction-reader.ts'
import { parseSnapshotView } from './replication/visibility.ts'
import { formatLsn } from './shape/offsets.ts'
import type { Shape } from './shape/shape.ts'
import { ShapeRegistry } from './shape/shape-registry.ts'
import { takeSnapshot } from './snapshot/snapshot.ts'
import { redefineAll, restoreShapes } from './storage/restore-shapes.ts'
import { Storage } from './storage/storage.ts'
import type { StoredPosition } from './storage/store.ts'
import { type CheckedSubset, runSubset } from './subset/index.ts'

const POOL_SIZE = 10
const STATEMENT_TIMEOUT_MS = 30_000
const SETTLE_EVERY_MS = 1_000
const STORE_SOON_MS = 20
const FINISH_SNAPSHOTS_MS = 1_000

export type EngineState = 'starting' | 'waiting' | 'active'

/** The shapes, kept true by one replication connection. While it is down nothing is answered. */
export class Engine {
  readonly registry: ShapeRegistry
  readonly resolver: DefinitionResolver
  readonly sql: Sql
  readonly #settings: ElectricSettings
  readonly #publication: string
  readonly #pool: Pool
  /** Of their own: however many are asked for, shapes still get their snapshots. */
  readonly #subsetPool: Pool
  readonly #storage: Storage
  readonly #stop = new AbortController()
  readonly #timers: NodeJS.Timeout[] = []
  #reader: TransactionReader | null = null
  #sourceId: string | null = null
  /** Counts them: what one began must not end in the next. */
  #connection = 0
  #stored = 0n
  #state: EngineState = 'starting'
  #isFirst = true
  #storing: NodeJS.Timeout | undefined
  readonly #snapshots = new Set<Promise<void>>()
  #running: Promise<void> = Promise.resolve()
  #whenReady = Promise.withResolvers<void>()

  /** @throws Error when another process uses the storage folder */
  constructor(settings: ElectricSettings) {
    this.#settings = settings
    this.#publication = `electric_publication_${settings.replicationStreamId}`
    this.sql = postgres(settings.databaseUrl, {
      max: POOL_SIZE,
      connect_timeout: 5,
      fetch_types: false,
      backoff: () => 0.1, // its own grows to 20 seconds, in which a database that is back would not be used
      onnotice: () => {},
      // A connection that is lost just before it sends something keeps that, and keeps the first message of the next
      // connection with it until both are longer than a kibibyte: with this they always are.
      connection: { application_name: 'electric', ...sessionSettings(settings), options: ' '.repeat(1024) },
    })
    this.#pool = snapshotPool(settings)
    this.#subsetPool = snapshotPool(settings)
    this.#storage = Storage.open(settings.storageDir, settings.log)
    this.registry = new ShapeRegistry(settings, this.#storage)
    const reader = settings.manualTablePublishing ? publishedByMigrations : publishedOnDemand
    this.resolver = new DefinitionResolver(this.sql, reader(this.sql, this.#publication))
  }

  /** `waiting`: another process follows the same slot. */
  get state(): EngineState {
    return this.#state
  }

  get isReady(): boolean {
    return this.#state === 'active'
  }

  /** When the replication is up, at once if it is. */
  get ready(): Promise<void> {
    return this.#whenReady.promise
  }

  /** Position up to which everything is in the logs. */
  get lastLsn(): bigint {
    return this.#reader?.lastLsn ?? 0n
  }

  /** Transactions that were streamed and that a snapshot of the database may not contain yet. */
  get recent(): RecentTransactions {
    return this.#requireReader().recent
  }

  start(): void {
    const { log } = this.#settings
    this.#running = superviseStream((onStart) => this.#follow(onStart), this.#stop.signal, log)
    this.#timers.push(
      setInterval(() => void this.#reconcile(), this.#settings.reconcileEveryMs),
      setInterval(() => this.registry.evictBeyondLimits(), this.#settings.trimEveryMs),
      setInterval(() => void this.#settle(), SETTLE_EVERY_MS),
    )
  }

  async close(): Promise<void> {
    this.#stop.abort()
    for (const timer of this.#timers) clearInterval(timer)
    clearTimeout(this.#storing)
    await this.#running
    await Promise.race([Promise.all(this.#snapshots), delay(FINISH_SNAPSHOTS_MS, undefined, { ref: false })])
    try {
      this.#store()
    } catch (error) {
      this.#report('Shapes could not be stored', error)
    }
    for (const shape of this.registry) shape.end(stopping())
    await Promise.all([this.sql.end({ timeout: 1 }), endPool(this.#pool), endPool(this.#subsetPool)])
    this.#storage.close()
  }

  /**
   * Waits for the replication, which may be lost again before the caller sees it.
   * @param deadline of performance.now()
   * @throws ProtocolError 503 when it does not come up by then
   */
  async readyBy(deadline: number): Promise<void> {
    while (!this.isReady) {
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) throw notReady('The database is not connected yet, please retry')
      const timeout = Promise.withResolvers<void>()
      const timer = setTimeout(timeout.resolve, leftMs)
      await Promise.race([this.ready, timeout.promise])
      clearTimeout(timer)
    }
  }

  /** The shape of that definition; a new one begins its snapshot at once. */
  shape(definition: ShapeDefinition): Shape {
    const known = this.registry.byDefinition(definition)
    if (known) return known
    const reader = this.#requireReader()
    const shape = this.registry.register(forOneShape(definition))
    const options = {
      pool: this.#pool,
      publication: this.#publication,
      recent: reader.recent,
      maxBytes: this.#settings.maxSnapshotBytes,
      chunkBytesThreshold: this.#settings.chunkBytesThreshold,
    }
    const taken = takeSnapshot(shape, options).then(
      () => this.#keep(shape),
      (error: unknown) => this.#failSnapshot(shape, error),
    )
    this.#snapshots.add(taken)
    void taken.finally(() => this.#snapshots.delete(taken))
    return shape
  }

  /**
   * Whoever asked from `now` goes on from the log's end as it is before the call.
   * @param signal aborted when the exchange is over in whatever way
   * @returns the whole answer; null when the caller went away
   * @throws ProtocolError
   */
  async subset(
    definition: ShapeDefinition,
    subset: CheckedSubset,
    signal: AbortSignal,
  ): Promise<Body | null> {
    const { recent } = this.#requireReader()
    try {
      return await runSubset(definition, subset, {
        pool: this.#subsetPool,
        publication: this.#publication,
        recent,
        maxBytes: this.#settings.maxSnapshotBytes,
        statementTimeoutMs: STATEMENT_TIMEOUT_MS,
        folder: this.#settings.storageDir ?? tmpdir(),
        signal,
      })
    } catch (error) {
      const answer = error instanceof ProtocolError ? error : snapshotAnswer(error)
      if (answer.status === 409) this.resolver.forget() // the table is another one than was thought
      if (answer.status >= 500) this.#settings.log('error', `A subset failed: ${describeError(error)}`)
      throw answer
    }
  }

  #requireReader(): TransactionReader {
    if (!this.#reader || !this.isReady) throw notReady('The database is not connected yet, please retry')
    return this.#reader
  }

  #keep(shape: Shape): void {
    if (shape.ending) {
      this.#storage.remove(shape)
      return
    }
    // What a subquery selects is not stored: such a shape ends with the process.
    if (shape.definition.where?.dependencies.length) return
    shape.isKept = true
    this.#storage.touch(shape)
    this.#storeSoon()
  }

  // A handle that was given should outlive whatever comes; those of the same moment are stored together.
  #storeSoon(): void {
    this.#storing ??= setTimeout(() => {
      this.#storing = undefined
      if (this.#stop.signal.aborted) return
      try {
        this.#store()
      } catch (error) {
        this.#report('Shapes could not be stored', error)
      }
    }, STORE_SOON_MS)
  }

  async #follow(onStart: () => void): Promise<void> {
    const { databaseUrl, replicationStreamId, storageDir, manualTablePublishing } = this.#settings
    const config: ClientConfig = {
      connectionString: databaseUrl,
      application_name: 'electric',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
    }
    const slot = `electric_slot_${replicationStreamId}`
    const options = {
      publication: this.#publication,
      slot: storageDir === null ? `${slot}_${randomBytes(4).toString('hex')}` : slot,
      isTemporary: storageDir === null,
      knownSource: this.#reader ? this.#sourceId : (this.#storage.position()?.source ?? null),
      isPublishingManual: manualTablePublishing,
      onWaiting: () => {
        this.#state = 'waiting'
      },
      onUnboundedLog: () => this.#warnOfUnboundedLog(slot),
    }
    const handlers = {
      onSource: (source: ReplicationSource) => this.#open(source),
      onStart: () => {
        this.#begin()
        onStart()
      },
      onMessage: (message: ReplicationMessage) => this.#reader?.read(message),
      onPosition: (lsn: bigint) => this.#reader?.reach(lsn),
      onEnd: () => this.#lose(),
      store: () => this.#storeForGood(),
    }
    await followPublication(config, options, handlers, this.#stop.signal)
  }

  #warnOfUnboundedLog(slot: string): void {
    if (!this.#isFirst) return
    const advice = 'Set max_slot_wal_keep_size, or drop the slot when you stop using it.'
    this.#settings.log(
      'warn',
      `Postgres keeps its log for ${slot} without a bound while this is not running. ${advice}`,
    )
  }

  /** Goes on with what is known, if the stream goes on from where that is true; begins anew otherwise. */
  async #open(source: ReplicationSource): Promise<void> {
    const connection = ++this.#connection
    this.resolver.forget()
    const position = this.#reader ? this.#position(this.#reader) : this.#storage.position()
    if (position && continues(source, position)) {
      this.#sourceId = source.id
      return this.#reader ? undefined : this.#restore(position, () => connection === this.#connection)
    }
    this.#reader = null
    this.registry.removeAll()
    this.#storage.clear()
    this.#sourceId = source.id
    this.#reader = this.#newReader({ startLsn: source.startLsn, lastCommit: 0n, unsettled: [] })
  }

  /** @param isCurrent false when the connection was lost meanwhile, and another one may be doing the same */
  async #restore(position: StoredPosition, isCurrent: () => boolean): Promise<void> {
    const { lsn, lastCommit, unsettled, lastStamp } = position
    this.registry.continueAfter(lastStamp)
    this.#stored = lsn
    const shapes = this.#storage.load()
    const definitions = await redefineAll(shapes, this.resolver)
    if (!isCurrent()) throw new Error('The connection was lost while shapes were brought back.')
    restoreShapes(shapes, definitions, this.registry, this.#storage)
    this.#reader = this.#newReader({ startLsn: lsn, lastCommit, unsettled })
  }

  #newReader(
    from: Pick<TransactionReaderOptions, 'startLsn' | 'lastCommit' | 'unsettled'>,
  ): TransactionReader {
    return new TransactionReader({
      ...from,
      index: this.registry.index,
      deliver: (shape, transaction) => this.registry.deliver(shape, transaction),
      onRelation: (relation) => this.#replacedBy(relation),
      maxBytes: this.#settings.maxLogBytes,
    })
  }

  #begin(): void {
    this.#state = 'active'
    this.#whenReady.resolve()
    if (!this.#isFirst) {
      this.#settings.log('info', `Following ${this.#publication} again, from ${formatLsn(this.lastLsn)}.`)
    }
    this.#isFirst = false
  }

  #lose(): void {
    if (this.isReady) this.#whenReady = Promise.withResolvers<void>()
    this.#state = 'starting'
    this.#connection++
    this.#reader?.interrupt()
    this.resolver.forget()
    if (this.#settings.storageDir !== null) return
    // A temporary slot is gone with its connection: what commits until the next would be missing from these logs.
    this.#reader = null
    this.registry.removeAll()
  }

  #store(): void {
    const reader = this.#reader
    if (!reader || (reader.received === this.#stored && !this.#storage.isDirty)) return
    const position = this.#position(reader)
    this.#storage.flush(position)
    this.#stored = position.lsn
  }

  /** @returns up to where Postgres need keep nothing for us, whatever happens to this machine. */
  async #storeForGood(): Promise<bigint> {
    this.#store()
    const stored = this.#stored
    await this.#storage.sync()
    return stored
  }

  #position({ received, lastCommit, recent }: TransactionReader): StoredPosition {
    return {
      lsn: received,
      lastCommit,
      unsettled: recent.streamed(),
      lastStamp: this.registry.lastStamp,
      source: this.#sourceId ?? '',
    }
  }

  /** Keeps the list of what may not be visible yet short, where nobody asks for snapshots. */
  async #settle(): Promise<void> {
    const reader = this.#reader
    if (!this.isReady || !reader || reader.recent.isEmpty) return
    try {
      const [row] = await this.sql<{ view: string }[]>`SELECT pg_current_snapshot()::text AS view`
      if (row) reader.recent.settle(parseSnapshotView(row.view, 0n))
    } catch (error) {
      this.#report('The list of transactions could not be read', error)
    }
  }

  /** @returns the shapes of tables in whose places another one of the same name is. */
  #replacedBy(relation: StreamedRelation): readonly Shape[] {
    this.resolver.forget()
    return [...this.registry].filter((shape) =>
      tablesOf(shape.definition).some(
        ({ oid, schema, name }) =>
          schema === relation.schema && name === relation.name && oid !== relation.oid,
      ),
    )
  }

  #failSnapshot(shape: Shape, error: unknown): void {
    const answer = error instanceof ProtocolError ? error : snapshotAnswer(error)
    if (shape.ending) {
      this.#storage.remove(shape) // its file may have been begun since
      return
    }
    this.resolver.forget() // the table may be another one than was thought
    this.registry.remove(shape, answer)
    if (answer.status === 409) return
    const { schema, name } = shape.definition.relation
    this.#settings.log('error', `The snapshot of "${schema}"."${name}" failed: ${describeError(error)}`)
  }

  /** Finds what no write announces: a table dropped, a key changed, a publication without it. */
  async #reconcile(): Promise<void> {
    try {
      const uses = [...this.registry].flatMap((shape) =>
        tablesOf(shape.definition).map((table) => ({ shape, table })),
      )
      const tables = Map.groupBy(uses, ({ table }) => JSON.stringify([table.schema, table.name]))
      if (tables.size > 0) this.resolver.forget()
      for (const using of tables.values()) {
        const [first] = using
        if (!first) continue
        const now = await readRelation(preparedOn(this.sql), first.table, this.#publication)
        const ended = using.filter(({ shape }) => now === null || !holdsOn(shape.definition, now))
        for (const { shape } of ended) this.registry.remove(shape)
      }
    } catch (error) {
      this.#report('The catalog could not be read', error)
    }
  }

  // A database that is away is what the stream's supervisor speaks of.
  #report(what: string, error: unknown): void {
    if (!isDatabaseUnreachable(error)) this.#settings.log('error', `${what}: ${describeError(error)}`)
  }
}

/** Whether what is known at a position goes on with what streams from a source. */
function continues(source: ReplicationSource, position: StoredPosition): boolean {
  if (source.isNew || position.source !== source.id) return false
  // Acknowledged further than what is known here, somebody else has read what is missing; known further than the
  // database's own log, the database was set back.
  return source.startLsn <= position.lsn && position.lsn <= source.endLsn
}

// What a subquery selects belongs to one snapshot.
function forOneShape(definition: ShapeDefinition): ShapeDefinition {
  const { where } = definition
  return where?.needsLoad ? { ...definition, where: where.forOneShape() } : definition
}

function sessionSettings({ lockTimeoutMs }: ElectricSettings) {
  return {
    ...DISPLAY_SETTINGS,
    lock_timeout: lockTimeoutMs,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  }
}

function snapshotPool(settings: ElectricSettings): Pool {
  // Not as the connection's options: those of the URL would take their place.
  const sets = Object.entries({ ...sessionSettings(settings), statement_timeout: 0 })
    .map(([name, value]) => `SET ${name} = '${value}'`)
    .join('; ')
  const pool = new Pool({
    connectionString: settings.databaseUrl,
    application_name: 'electric',
    max: POOL_SIZE,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  })
  // Queued before whatever the connection was made for; should it fail, that fails and says so.
  pool.on('connect', (client) => void client.query(`${sets}; ${PREPARE_READING}`).catch(() => {}))
  pool.on('error', () => {}) // an idle connection was lost: the next snapshot opens another
  // One that is lost between two statements tells nobody else, and the process would end.
  pool.on('connect', (client) => void client.on('error', () => {}))
  return pool
}

// Snapshots under way end with their connections, and not the other way round.
async function endPool(pool: Pool): Promise<void> {
  await Promise.race([pool.end(), delay(1_000, undefined, { ref: false })])
}

function snapshotAnswer(error: unknown): ProtocolError {
  if (isDatabaseUnreachable(error)) return databaseUnreachable()
  switch (errorCode(error)) {
    case '42P01': // undefined_table
    case '42703': // undefined_column
    case '42883': // undefined_function: the column has another type now
      return mustRefetch(null)
    case '55P03': // lock_not_available
      return snapshotFailed('Snapshot timed out while waiting for a table lock')
    case '57014': // query_canceled
      return snapshotFailed('Snapshot timed out while its rows were read')
    case '42501': // insufficient_privilege
      return snapshotFailed(`The database role may not read the table: ${describeError(error)}`)
    default:
      return new ProtocolError(500, { error: 'Internal server error' })
  }
}

// The shape stays: whoever waits goes on with the process that comes next.
function stopping(): ProtocolError {
  return new ProtocolError(503, { message: 'The service is stopping, please retry' }, { 'retry-after': '1' })
}
