import { BoundedMap } from '../shape/bounded-map.ts'
import { parseQuery, type QueryMap } from './query-params.ts'
import { parseShapeRequest, type ShapeRequest } from './request-params.ts'

/** What stands in a request's first line, read when it is needed and then known. */
export class RequestTarget {
  readonly text: string
  /** `/v1/shape/`, `/v1//shape` and `/v1/%73hape` are one; null for what is no path. */
  readonly path: string | null
  #query: QueryMap | null = null
  #shapeRequest: ShapeRequest | null = null

  constructor(text: string) {
    this.text = text
    this.path = normalisedPath(text.split('?', 1)[0] ?? '')
  }

  /** @throws ProtocolError 400 */
  get query(): QueryMap {
    const at = this.text.indexOf('?')
    this.#query ??= parseQuery(at === -1 ? '' : this.text.slice(at + 1))
    return this.#query
  }

  /** @throws ProtocolError 400 */
  get shapeRequest(): ShapeRequest {
    this.#shapeRequest ??= parseShapeRequest(this.query)
    return this.#shapeRequest
  }
}

const MAX_TARGETS = 2_000
const MAX_LENGTH = 2_000

/** Whoever waits for the same asks in the same words, again and again: they are read once. */
export class RequestTargets {
  readonly #known = new BoundedMap<string, RequestTarget>(MAX_TARGETS)

  read(text: string): RequestTarget {
    if (text.length > MAX_LENGTH) return new RequestTarget(text)
    const known = this.#known.get(text)
    if (known) return known
    const target = new RequestTarget(text)
    this.#known.set(text, target)
    return target
  }
}

function normalisedPath(path: string): string | null {
  try {
    const segments = path.split('/').filter((segment) => segment !== '')
    return segments.map(decodeURIComponent).join('/')
  } catch {
    return null // a broken escape
  }
}
