import type { ClientConfig } from 'pg'
import postgres, { type Sql } from 'postgres'
import { describeError, errorCode, isDatabaseUnreachable } from './database-errors.ts'
import { DefinitionResolver } from './definition-resolver.ts'
import { formatLsn } from './offsets.ts'
import type { ElectricSettings } from './options.ts'
import type { StreamedRelation } from './pgoutput.ts'
import {
  databaseUnreachable,
  mustRefetch,
  notReady,
  ProtocolError,
  snapshotFailed,
} from './protocol-error.ts'
import { readRelation } from './relation-catalog.ts'
import { DISPLAY_SETTINGS, followPublication } from './replication.ts'
import type { Shape } from './shape.ts'
import { holdsOn, type ShapeDefinition } from './shape-definition.ts'
import { ShapeRegistry } from './shape-registry.ts'
import { takeSnapshot } from './snapshot.ts'
import { superviseStream } from './stream-supervisor.ts'
import { TransactionReader } from './transaction-reader.ts'

const POOL_SIZE = 10
const STATEMENT_TIMEOUT_MS = 30_000
const TRIM_EVERY_MS = 5_000

/** The shapes, kept true by one replication connection. Without one there are none: nothing would keep them true. */
export class Engine {
  readonly registry: ShapeRegistry
  readonly resolver: DefinitionResolver
  readonly #settings: ElectricSettings
  readonly #publication: string
  readonly #sql: Sql
  readonly #stop = new AbortController()
  readonly #timers: NodeJS.Timeout[] = []
  #reader: TransactionReader | null = null
  #running: Promise<void> = Promise.resolve()
  #whenReady = Promise.withResolvers<void>()

  constructor(settings: ElectricSettings) {
    this.#settings = settings
    this.#publication = `electric_publication_${settings.replicationStreamId}`
    this.#sql = postgres(settings.databaseUrl, {
      max: POOL_SIZE,
      connect_timeout: 5,
      fetch_types: false,
      backoff: () => 0.1, // its own grows to 20 seconds, in which a database that is back would not be used
      onnotice: () => {},
      connection: {
        application_name: 'electric',
        ...DISPLAY_SETTINGS,
        lock_timeout: settings.lockTimeoutMs,
        statement_timeout: STATEMENT_TIMEOUT_MS, // each fetch of a snapshot's rows is one
      },
    })
    this.registry = new ShapeRegistry(settings)
    this.resolver = new DefinitionResolver(this.#sql, this.#publication)
  }

  get isReady(): boolean {
    return this.#reader !== null
  }

  /** When the replication is up, at once if it is. */
  get ready(): Promise<void> {
    return this.#whenReady.promise
  }

  /** Position up to which everything is in the logs. */
  get lastLsn(): bigint {
    return this.#reader?.lastLsn ?? 0n
  }

  start(): void {
    const { log } = this.#settings
    this.#running = superviseStream((onStart) => this.#follow(onStart), this.#stop.signal, log)
    this.#timers.push(
      setInterval(() => void this.#reconcile(), this.#settings.reconcileEveryMs),
      setInterval(() => this.registry.evictBeyondMemory(), TRIM_EVERY_MS),
    )
  }

  async close(): Promise<void> {
    this.#stop.abort()
    for (const timer of this.#timers) clearInterval(timer)
    await this.#running
    this.#lose()
    await this.#sql.end({ timeout: 1 })
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
    const reader = this.#reader
    if (!reader) throw notReady('The database is not connected yet, please retry')
    const shape = this.registry.register(definition)
    const options = {
      sql: this.#sql,
      publication: this.#publication,
      recent: reader.recent,
      maxBytes: this.#settings.maxSnapshotBytes,
    }
    takeSnapshot(shape, options).catch((error: unknown) => this.#failSnapshot(shape, error))
    return shape
  }

  async #follow(onStart: () => void): Promise<void> {
    const config: ClientConfig = {
      connectionString: this.#settings.databaseUrl,
      application_name: 'electric',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
    }
    const handlers = {
      onStart: (lsn: bigint) => {
        this.#begin(lsn)
        onStart()
      },
      onMessage: (message: Parameters<TransactionReader['read']>[0]) => this.#reader?.read(message) ?? null,
      onEnd: () => this.#lose(),
      onPosition: (lsn: bigint) => this.#reader?.reach(lsn) ?? false,
    }
    await followPublication(config, this.#settings.replicationStreamId, handlers, this.#stop.signal)
  }

  #begin(lsn: bigint): void {
    this.resolver.forget()
    this.#reader = new TransactionReader(
      lsn,
      this.registry.index,
      (shape, transaction) => this.registry.deliver(shape, transaction),
      (relation) => this.#noticeRelation(relation),
    )
    this.#whenReady.resolve()
    if (this.registry.purges > 0) {
      this.#settings.log('info', `Following ${this.#publication} again, from ${formatLsn(lsn)}.`)
    }
  }

  // What commits until the next connection would be missing from these logs.
  #lose(): void {
    if (this.#reader) this.#whenReady = Promise.withResolvers<void>()
    this.#reader = null
    this.registry.purge()
    this.resolver.forget()
  }

  #noticeRelation(relation: StreamedRelation): void {
    this.resolver.forget()
    for (const shape of this.registry) {
      const { oid, schema, name } = shape.definition.relation
      const isReplaced = schema === relation.schema && name === relation.name && oid !== relation.oid
      if (isReplaced) this.registry.remove(shape)
    }
  }

  #failSnapshot(shape: Shape, error: unknown): void {
    const answer = error instanceof ProtocolError ? error : snapshotAnswer(error)
    if (shape.ending) return
    this.resolver.forget() // the table may be another one than was thought
    this.registry.remove(shape, answer)
    if (answer.status === 409) return
    const { schema, name } = shape.definition.relation
    this.#settings.log('error', `The snapshot of "${schema}"."${name}" failed: ${describeError(error)}`)
  }

  /** Finds what no write announces: a table dropped, a key changed, a publication without it. */
  async #reconcile(): Promise<void> {
    try {
      const tables = Map.groupBy(this.registry, ({ definition }) => definition.relation.oid)
      if (tables.size > 0) this.resolver.forget()
      for (const shapes of tables.values()) {
        const [first] = shapes
        if (!first) continue
        const now = await readRelation(this.#sql, first.definition.relation, this.#publication)
        const ended = shapes.filter((shape) => now === null || !holdsOn(shape.definition, now))
        for (const shape of ended) this.registry.remove(shape)
      }
    } catch (error) {
      if (!isDatabaseUnreachable(error)) {
        this.#settings.log('error', `The catalog could not be read: ${describeError(error)}`)
      }
    }
  }
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
