import type { Env } from '../env.ts'
import { AppError, must } from '../errors.ts'

// What a request must show before anything looks at who sent it. Decisions, with their statuses:
//
// - A forwarding header without TRUST_PROXY, or a Host that is not ours: `invalid` (400). The Host check is what stops
//   DNS rebinding: a foreign name that resolves to this machine is still sent as Host.
// - Another site's page: `forbidden` (403). Every browser sends Origin with everything but GET and HEAD, and
//   Sec-Fetch-Site with all of it, so a page cannot hide where it comes from.
// - Neither header: not a browser (a command-line tool). It carries nobody's ambient authority: with accounts it has a
//   cookie only if its user gave it one; in local mode whoever reaches the loopback port is the local account anyway.

export type GuardEnv = Pick<Env, 'PUBLIC_URL' | 'PORT' | 'TRUST_PROXY'>

/** @throws AppError `invalid` or `forbidden` when the request must not be looked at any further. */
export function guardRequest(request: Request, env: GuardEnv): void {
  if (!env.TRUST_PROXY) refuseForwarded(request.headers)
  const origin = addressedOrigin(request, env)
  const from = request.headers.get('origin')
  if (from !== null && from !== origin) refuseForeign(`from ${from.slice(0, 100)}`)
  if (isCrossSite(request, from) && !isPageVisit(request)) refuseForeign('from another site')
}

const FORWARDING = /^(forwarded|x-forwarded(-.*)?|x-real-ip|x-original-.*|x-rewrite-url)$/

function refuseForwarded(headers: Headers): void {
  for (const name of headers.keys()) {
    if (!FORWARDING.test(name)) continue
    throw new AppError(
      'invalid',
      `The header ${name} is only accepted from a trusted proxy. Set TRUST_PROXY=true behind one.`,
    )
  }
}

/** The one origin whose pages may have sent this: that of the address the request was sent to. */
function addressedOrigin(request: Request, env: GuardEnv): string {
  const origins = ownOrigins(env)
  const { host: inLine } = new URL(request.url)
  const host = (request.headers.get('host') ?? inLine).toLowerCase()
  // Both are checked: a request line may name another host than the header does.
  const foreign = [host, inLine].find((name) => !origins.has(name))
  if (foreign === undefined) return must(origins.get(host), 'the line above')
  throw new AppError(
    'invalid',
    `This is not ${foreign.slice(0, 100)}. Use ${env.PUBLIC_URL}, or set PUBLIC_URL.`,
  )
}

function ownOrigins({ PUBLIC_URL, PORT }: GuardEnv): Map<string, string> {
  const publicUrl = new URL(PUBLIC_URL)
  const loopback = ['localhost', '127.0.0.1', '[::1]'].map((name) => new URL(`http://${name}:${PORT}`))
  return new Map([...loopback, publicUrl].map((url) => [url.host, url.origin]))
}

// A navigation without Origin or Sec-Fetch-Site is an old browser's or no browser's: nothing there to judge by.
function isCrossSite(request: Request, from: string | null): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (site === null || site === 'same-origin') return false
  // `none`: typed or from a bookmark. Nobody types a POST, so it needs the Origin that was checked above.
  if (site === 'none') return !isSafe(request.method) && from === null
  return true
}

/** A person following a link from elsewhere to one of our pages, an invitation for instance. */
function isPageVisit(request: Request): boolean {
  const { pathname } = new URL(request.url)
  const { headers } = request
  return (
    isSafe(request.method) &&
    headers.get('sec-fetch-mode') === 'navigate' &&
    headers.get('sec-fetch-dest') === 'document' &&
    !/^\/+(api|_serverFn)(\/|$)/i.test(safelyDecoded(pathname))
  )
}

const isSafe = (method: string) => method === 'GET' || method === 'HEAD'

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
