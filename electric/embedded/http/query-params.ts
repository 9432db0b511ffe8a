import { invalidRequest } from './protocol-error.ts'

/** One value of a query string; `key[a]=…` makes a map, and of several `key=…` the last one counts. */
export type QueryValue = string | QueryMap
export type QueryMap = Map<string, QueryValue>

const KEY = /^([^[\]]*)((?:\[[^[\]]*\])+)$/s

/**
 * Reads a query string as the real service does.
 * @throws ProtocolError 400 when it is no percent-encoded UTF-8: a value that was guessed could name another row.
 */
export function parseQuery(text: string): QueryMap {
  const params: QueryMap = new Map()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    const key = decode(at === -1 ? pair : pair.slice(0, at))
    assign(params, keyPath(key), at === -1 ? '' : decode(pair.slice(at + 1)))
  }
  return params
}

function keyPath(key: string): string[] {
  const match = KEY.exec(key)
  if (!match?.[2]) return [key]
  return [match[1] ?? '', ...match[2].slice(1, -1).split('][')]
}

function assign(params: QueryMap, path: readonly string[], value: string): void {
  let map = params
  for (const key of path.slice(0, -1)) {
    const inner = map.get(key)
    const next = inner instanceof Map ? inner : new Map<string, QueryValue>()
    map.set(key, next)
    map = next
  }
  map.set(path.at(-1) ?? '', value)
}

function decode(text: string): string {
  if (!/[%+]/.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw invalidRequest('query', 'is not percent-encoded UTF-8')
  }
}
