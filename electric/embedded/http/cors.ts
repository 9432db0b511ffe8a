import { type Answer, emptyAnswer } from './answer.ts'

// The real service leaves out electric-snapshot and etag, and clients of another origin miss them.
const EXPOSED =
  'electric-cursor,electric-handle,electric-has-data,electric-offset,electric-schema,electric-up-to-date,electric-internal-known-error,electric-snapshot,etag,retry-after'

/** What scripts of other origins may do with an endpoint: names and values in turn. */
export function corsHeaders(origin: string, methods: string): string[] {
  return [
    'access-control-allow-origin',
    origin,
    'access-control-allow-methods',
    methods,
    'access-control-expose-headers',
    EXPOSED,
  ]
}

const ALLOWED_HEADERS = ['if-none-match', 'traceparent']

export function preflightAnswer(askedHeaders: string | undefined): Answer {
  const asked = (askedHeaders ?? '').split(',').map((name) => name.trim().toLowerCase())
  const allowed = asked.filter((name) => ALLOWED_HEADERS.includes(name))
  return emptyAnswer(204, {
    'access-control-max-age': '86400',
    ...(allowed.length > 0 ? { 'access-control-allow-headers': allowed.join(',') } : {}),
  })
}
