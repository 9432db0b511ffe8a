import type { IncomingHttpHeaders } from 'node:http'
import { type Answer, messagesAnswer } from './answer.ts'
import type { Engine } from './engine.ts'
import { liveCursor } from './live-cursor.ts'
import { compareOffsets, formatOffset, isSnapshotChunk, type Offset } from './offsets.ts'
import type { ElectricSettings } from './options.ts'
import { type HeaderMap, invalidRequest, mustRefetch } from './protocol-error.ts'
import type { ShapeRequest } from './request-params.ts'
import type { Shape } from './shape.ts'
import type { ShapeDefinition } from './shape-definition.ts'
import { waitForChange } from './shape-watch.ts'

interface Reading {
  readonly request: ShapeRequest
  readonly shape: Shape
  /** As the catalog has it now, which may differ from the shape's own in what columns may be null. */
  readonly definition: ShapeDefinition
  readonly ifNoneMatch: readonly string[]
  readonly closed: AbortSignal
}

interface Part {
  readonly end: Offset
  readonly isUpToDate: boolean
  /** A long-poll that ran out, and `now`: answers that carry nothing must not be taken from a cache. */
  readonly isNoChange?: boolean
  readonly body: () => Buffer
}

const FIRST_CHUNK_CACHING = 'public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746'

/** Answers reads of shapes. */
export class ShapeAnswers {
  readonly #engine: Engine
  readonly #settings: ElectricSettings
  #noChangeCount = Date.now()

  constructor(engine: Engine, settings: ElectricSettings) {
    this.#engine = engine
    this.#settings = settings
  }

  /**
   * @returns null when the caller went away.
   * @throws ProtocolError
   */
  async answer(
    request: ShapeRequest,
    headers: IncomingHttpHeaders,
    closed: AbortSignal,
  ): Promise<Answer | null> {
    const definition = await this.#define(request)
    const shape = this.#find(request, definition)
    const ifNoneMatch = (headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim())
    return this.#read({ request, shape, definition, ifNoneMatch, closed })
  }

  async #define(request: ShapeRequest): Promise<ShapeDefinition> {
    const deadline = performance.now() + this.#settings.readyTimeoutMs
    for (;;) {
      await this.#engine.readyBy(deadline)
      const definition = await this.#engine.resolver.resolve(request)
      // Lost while the catalog was read: what it said may be old.
      if (this.#engine.isReady) return definition
    }
  }

  #find(request: ShapeRequest, definition: ShapeDefinition): Shape {
    if (request.handle === null) return this.#engine.shape(definition)
    const named = this.#engine.registry.byHandle(request.handle)
    if (named?.definition.key === definition.key) return named
    // Made at once, so that the client's next request finds it under way.
    throw mustRefetch(this.#engine.shape(definition).handle)
  }

  async #read(reading: Reading): Promise<Answer | null> {
    const { shape, closed } = reading
    const { longPollTimeoutMs } = this.#settings
    const startedAt = performance.now()
    while (!closed.aborted) {
      if (shape.ending) throw shape.ending
      const part = this.#part(reading)
      if (typeof part !== 'string') return this.#toAnswer(reading, part)
      // A snapshot under way is waited for as long as it takes; its own limits end it.
      const limitMs = part === 'snapshot' ? null : part === 'log' ? longPollTimeoutMs : longPollTimeoutMs / 2
      const leftMs = limitMs === null ? null : limitMs - (performance.now() - startedAt)
      const outcome = await waitForChange(shape, leftMs, closed)
      if (outcome !== 'timeout') continue
      if (part === 'out-of-bounds') throw invalidRequest('offset', 'out of bounds for this shape')
      return this.#toAnswer(reading, { ...noChange(this.#upToDate(0n)), end: shape.log.end })
    }
    return null
  }

  /** @returns what there is to send, or what must be waited for. */
  #part({ shape, request }: Reading): Part | 'snapshot' | 'log' | 'out-of-bounds' {
    const { snapshot, log } = shape
    const { offset } = request
    if (offset === 'before-all') return snapshotPart(shape, 0) ?? 'snapshot'
    if (offset === 'now') {
      return snapshot.isComplete ? { ...noChange(this.#upToDate(0n)), end: log.end } : 'snapshot'
    }
    if (isSnapshotChunk(offset) && (!snapshot.isComplete || offset.op + 1 < snapshot.count)) {
      return snapshotPart(shape, offset.op + 1) ?? 'snapshot'
    }
    if (!snapshot.isComplete) return 'snapshot'
    if (compareOffsets(offset, log.end) > 0) return 'out-of-bounds'
    return this.#logPart(shape, offset, request.isLive)
  }

  #logPart(shape: Shape, offset: Offset, isLive: boolean): Part | 'log' {
    const read = shape.log.read(offset)
    if (isLive && read.from === read.to) return 'log'
    // A live answer speaks of its own shape only: others may have been read further.
    const lsn = isLive ? read.end.tx : null
    const message = read.reachesEnd ? this.#upToDate(read.end.tx, lsn) : null
    return { end: read.end, isUpToDate: read.reachesEnd, body: () => shape.body(read, message) }
  }

  #upToDate(endLsn: bigint, only: bigint | null = null): string {
    const { lastLsn } = this.#engine
    const lsn = only ?? (endLsn > lastLsn ? endLsn : lastLsn)
    return `{"headers":{"control":"up-to-date","global_last_seen_lsn":"${lsn}"}}`
  }

  #toAnswer(reading: Reading, part: Part): Answer {
    const { shape, request, definition, ifNoneMatch } = reading
    const { handle } = shape
    const from =
      typeof request.offset === 'string' ? requestedWord(request.offset) : formatOffset(request.offset)
    const end = formatOffset(part.end)
    const etag = `"${handle}:${from}:${end}${part.isNoChange ? `:${++this.#noChangeCount}` : ''}"`
    const isUnmodified = ifNoneMatch.includes(etag)
    const headers: HeaderMap = {
      'electric-handle': handle,
      'electric-offset': end,
      'electric-has-data': String(!part.isNoChange),
      ...(part.isUpToDate ? { 'electric-up-to-date': '' } : {}),
      ...(request.isLive
        ? { 'electric-cursor': liveCursor(request.cursor, this.#settings.longPollTimeoutMs) }
        : isUnmodified
          ? {}
          : { 'electric-schema': definition.schema }),
      etag,
      'cache-control': this.#caching(request),
    }
    if (isUnmodified) return { status: 304, headers, body: null }
    return messagesAnswer(part.body(), headers)
  }

  #caching({ offset, isLive }: ShapeRequest): string {
    if (offset === 'before-all') return FIRST_CHUNK_CACHING
    if (isLive) return 'public, max-age=5, stale-while-revalidate=5'
    const { cacheMaxAgeSeconds, cacheStaleAgeSeconds } = this.#settings
    return `public, max-age=${cacheMaxAgeSeconds}, stale-while-revalidate=${cacheStaleAgeSeconds}`
  }
}

function snapshotPart({ snapshot }: Shape, chunk: number): Part | null {
  const body = snapshot.body(chunk)
  return body ? { end: { tx: 0n, op: chunk }, isUpToDate: false, body: () => body } : null
}

function noChange(message: string) {
  return { isUpToDate: true, isNoChange: true, body: () => Buffer.from(`[${message}]`) }
}

function requestedWord(offset: 'before-all' | 'now'): string {
  return offset === 'before-all' ? '-1' : 'now'
}
