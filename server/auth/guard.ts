import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Env } from '../env.ts'
import { AppError } from '../errors.ts'

// What a request must show before anything looks at who sent it. Decisions, with their statuses:
//
// - A forwarding header without TRUST_PROXY, or a Host that is not ours: `invalid` (400). The Host check is what stops
//   DNS rebinding: a foreign name that resolves to this machine is still sent as Host.
// - Another site's page: `forbidden` (403). Every browser sends Origin with everything but GET and HEAD, and
//   Sec-Fetch-Site with all of it, so a page cannot hide where it comes from.
// - Neither header: not a browser (a command-line tool). It carries nobody's ambient authority: with accounts it has a
//   cookie only if its user gave it one; in local mode whoever reaches the loopback port is the local account anyway.

export type GuardEnv = Pick<Env, 'PUBLIC_URL' | 'PORT' | 'TRUST_PROXY'> & Partial<Pick<Env, 'TLS_CERT'>>

/** What is looked at, in the words that HTTP has for it: no URL or map is made for a request that passes. */
export interface RequestParts {
  method: string
  /** The request line's target as it was sent: a path with its query, or a whole address. */
  target: string
  /** What the request says it was sent to. */
  host: string
  /** By lower-case name. */
  headers: Record<string, string | string[] | undefined>
}

/** @throws AppError `invalid` or `forbidden` when the request must not be looked at any further. */
export function guard(parts: RequestParts, env: GuardEnv): void {
  if (!env.TRUST_PROXY) refuseForwarded(parts.headers)
  const origin = addressedOrigin(parts, env)
  const from = one(parts.headers.origin)
  if (from !== undefined && from !== origin) refuseForeign(`from ${from.slice(0, 100)}`)
  if (isCrossSite(parts, from) && !isPageVisit(parts)) refuseForeign('from another site')
}

/** The same for a web Request. */
export function guardRequest(request: Request, env: GuardEnv): void {
  const { method, url: target, headers } = request
  const host = headers.get('host') ?? new URL(target).host
  guard({ method, target, host, headers: Object.fromEntries(headers) }, env)
}

/** Of a request as Node has it, over HTTP/1.1 or HTTP/2. */
export function partsOf(req: IncomingMessage | Http2ServerRequest): RequestParts {
  return { method: req.method ?? 'GET', target: req.url ?? '/', host: hostOf(req), headers: req.headers }
}

function hostOf({ headers, rawHeaders, socket }: IncomingMessage | Http2ServerRequest): string {
  // Node keeps the first of several; whoever is on the way may have gone by the last.
  let times = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.length === 4 && rawHeaders[at]?.toLowerCase() === 'host') times += 1
  }
  if (times > 1) return 'two hosts'
  const host = headers.host ?? one(headers[':authority'])
  if (host !== undefined) return host
  // HTTP/1.0 need not say: then it is the address that was connected to.
  const { localAddress = '', localPort } = socket
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`
}

const FORWARDING = /^(forwarded|x-forwarded(-.*)?|x-real-ip|x-original-.*|x-rewrite-url)$/

function refuseForwarded(headers: RequestParts['headers']): void {
  for (const name in headers) {
    if (!FORWARDING.test(name)) continue
    throw new AppError(
      'invalid',
      `The header ${name} is only accepted from a trusted proxy. Set TRUST_PROXY=true behind one.`,
    )
  }
}

/** The one origin whose pages may have sent this: that of the address the request was sent to. */
function addressedOrigin({ target, host: sent, headers }: RequestParts, env: GuardEnv): string {
  const origins = ownOrigins(env)
  const host = sent.toLowerCase()
  const origin = origins.get(host)
  // A request line, and HTTP/2's own word for it, may name another host than the header does.
  const inLine = hostInLine(target)
  const authority = one(headers[':authority'])?.toLowerCase()
  if (origin !== undefined && isOurs(origins, inLine) && isOurs(origins, authority)) return origin
  const foreign = [host, inLine, authority].find((name) => !isOurs(origins, name)) ?? host
  throw new AppError(
    'invalid',
    `This is not ${foreign.slice(0, 100)}. Use ${env.PUBLIC_URL}, or set PUBLIC_URL.`,
  )
}

function isOurs(origins: Map<string, string>, name: string | undefined): boolean {
  return name === undefined || origins.has(name)
}

function hostInLine(target: string): string | undefined {
  return target.startsWith('/') ? undefined : URL.parse(target)?.host || undefined
}

const known = new WeakMap<GuardEnv, Map<string, string>>()

function ownOrigins(env: GuardEnv): Map<string, string> {
  const before = known.get(env)
  if (before) return before
  const scheme = env.TLS_CERT ? 'https' : 'http'
  const loopback = ['localhost', '127.0.0.1', '[::1]'].map(
    (name) => new URL(`${scheme}://${name}:${env.PORT}`),
  )
  const origins = new Map([...loopback, new URL(env.PUBLIC_URL)].map((url) => [url.host, url.origin]))
  known.set(env, origins)
  return origins
}

// A navigation without Origin or Sec-Fetch-Site is an old browser's or no browser's: nothing there to judge by.
function isCrossSite({ method, headers }: RequestParts, from: string | undefined): boolean {
  const site = one(headers['sec-fetch-site'])
  if (site === undefined || site === 'same-origin') return false
  // `none`: typed or from a bookmark. Nobody types a POST, so it needs the Origin that was checked above.
  if (site === 'none') return !isSafe(method) && from === undefined
  return true
}

/** A person following a link from elsewhere to one of our pages, an invitation for instance. */
function isPageVisit({ method, target, headers }: RequestParts): boolean {
  return (
    isSafe(method) &&
    one(headers['sec-fetch-mode']) === 'navigate' &&
    one(headers['sec-fetch-dest']) === 'document' &&
    !/^\/+(api|_serverFn)(\/|$)/i.test(safelyDecoded(pathIn(target)))
  )
}

// Not relative to a base: `//api` would be a host.
function pathIn(target: string): string {
  return URL.parse(target.startsWith('/') ? `http://localhost${target}` : target)?.pathname ?? '/api'
}

const isSafe = (method: string) => method === 'GET' || method === 'HEAD'

/** Node gives a list of the few headers that may not be joined; none is looked at here. */
const one = (value: string | string[] | undefined) => (Array.isArray(value) ? value.join(', ') : value)

// The router decodes before it matches, so `/%61pi/…` must not pass for a page.
function safelyDecoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return '/api'
  }
}

function refuseForeign(what: string): never {
  throw new AppError('forbidden', `A request ${what} is not accepted here. Open the app at its own address.`)
}
