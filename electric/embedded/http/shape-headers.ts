import type { ElectricSettings } from '../options.ts'
import { formatOffset, type Offset, type RequestedOffset } from '../shape/offsets.ts'
import { liveCursor } from './live-cursor.ts'
import type { HeaderMap } from './protocol-error.ts'
import type { Reading } from './question.ts'
import type { ShapeRequest } from './request-params.ts'
import type { Part } from './shape-parts.ts'

const FIRST_CHUNK_CACHING = 'public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746'

let noChangeCount = Date.now()

export function etagOf({ shape, request }: Reading, part: Pick<Part, 'end' | 'isNoChange'>): string {
  // Such an answer must never be revalidated: what comes next is another one.
  const suffix = part.isNoChange ? `:${++noChangeCount}` : ''
  return `"${shape.handle}:${formatRequested(request.offset)}:${formatOffset(part.end)}${suffix}"`
}

/** Of a read of the log, also where it is a 304. */
export function readHeaders(
  { shape, request }: Reading,
  part: Omit<Part, 'body'>,
  etag: string,
  settings: ElectricSettings,
): HeaderMap {
  return {
    'electric-handle': shape.handle,
    'electric-offset': formatOffset(part.end),
    'electric-has-data': String(!part.isNoChange),
    ...(part.isUpToDate ? { 'electric-up-to-date': '' } : {}),
    ...(request.isLive ? { 'electric-cursor': liveCursor(request.cursor, settings.longPollTimeoutMs) } : {}),
    etag,
    'cache-control': caching(request, settings),
  }
}

function caching({ offset, isLive, isSse, isPost }: ShapeRequest, settings: ElectricSettings): string {
  if (isPost) return 'no-cache'
  if (offset === 'before-all') return FIRST_CHUNK_CACHING
  if (isSse) return `public, max-age=${Math.max(0, Math.ceil(settings.sseTimeoutMs / 1000) - 1)}`
  if (isLive) return 'public, max-age=5, stale-while-revalidate=5'
  return `public, max-age=${settings.cacheMaxAgeSeconds}, stale-while-revalidate=${settings.cacheStaleAgeSeconds}`
}

export function subsetHeaders({ shape, request, definition }: Reading, offset: Offset): HeaderMap {
  return {
    'electric-handle': shape.handle,
    'electric-offset': formatOffset(offset),
    'electric-snapshot': 'true',
    ...(request.isLive ? {} : { 'electric-schema': definition.schema }),
    'cache-control': 'no-cache',
  }
}

function formatRequested(offset: RequestedOffset): string {
  if (offset === 'before-all') return '-1'
  return offset === 'now' ? 'now' : formatOffset(offset)
}
