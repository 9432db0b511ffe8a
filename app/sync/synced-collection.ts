import { FetchError, type GetExtensions, type Row, type ShapeStreamOptions } from '@electric-sql/client'
import { createCollection } from '@tanstack/db'
import { electricCollectionOptions } from '@tanstack/electric-db-collection'
import type { ShapeName } from '#db/inputs/index.ts'
import type { LiveTransport } from './live-transport.ts'
import type { TokenScope } from './shape-tokens.ts'

/** What binds rows to a shape. */
export interface Binding<T extends object> {
  shape: ShapeName
  key: (row: T) => string
}

export interface SyncSource {
  transport: LiveTransport
  /** Where shapes are served, without the shape's name. */
  shapesUrl: string
  /** The server says that this scope cannot be read (any more): 401 signed out, 404 not a member. */
  onEnded: (scope: TokenScope, status: number) => void
}

/** Rows nobody looks at are forgotten after this long, and their stream stops. */
const UNUSED_MS = 60_000

/** A collection that follows one shape of one scope. Its changes go through mutate(), so it has no handlers. */
export function syncedCollection<T extends Row<unknown>>(
  { shape, key }: Binding<T>,
  scope: TokenScope,
  { transport, shapesUrl, onEnded }: SyncSource,
) {
  const shapeOptions: ShapeStreamOptions<Date> = {
    url: `${shapesUrl}/${shape}`,
    params: scope === null ? {} : { session_id: scope },
    fetchClient: transport.connect(shape, scope),
    warnOnHttp: false, // about six connections for an origin: all live requests share one
    // Rows hold times as Date, as the schema's row types say.
    parser: { timestamptz: (text: string) => new Date(text) },
    onError: (error) => {
      if (error instanceof FetchError && (error.status === 401 || error.status === 404)) {
        onEnded(scope, error.status)
        return
      }
      // A stream that stopped would show old rows for ever: go on from where it stands.
      console.error(`The rows of ${shape} could not be followed; trying again.`, error)
      return {}
    },
  }
  return createCollection(
    electricCollectionOptions<T>({
      id: scope === null ? shape : `${shape} ${scope}`,
      getKey: key,
      gcTime: UNUSED_MS,
      // Dates are what the rows hold beside JSON; their type cannot be derived from a T that is not known yet.
      shapeOptions: shapeOptions as unknown as ShapeStreamOptions<GetExtensions<T>>,
    }),
  )
}

export type SyncedCollection<T extends Row<unknown>> = ReturnType<typeof syncedCollection<T>>
