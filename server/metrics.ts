import { createHash, timingSafeEqual } from 'node:crypto'
import type { Writable } from 'node:stream'
import { collectDefaultMetrics, Gauge } from 'prom-client'
import { guard, partsOf } from './auth/guard.ts'
import { apiSecurityHeaders } from './auth/security-headers.ts'
import type { AppContext } from './context.ts'
import { AppError, errorBody, STATUS } from './errors.ts'
import { allowMethods } from './http.ts'
import { reportFailure } from './known-error.ts'
import type { Incoming, Outgoing, RawHandler } from './listen.ts'
import { VERSION } from './version.ts'

const PATH = '/api/metrics'

/** `GET /api/metrics`: everything in the context's registry, for who may read it. */
export function metricsHandler(ctx: AppContext): RawHandler {
  return (req, res) => {
    if (req.url !== PATH && !req.url?.startsWith(`${PATH}?`)) return false
    void answer(ctx, req, res)
    return true
  }
}

async function answer(ctx: AppContext, req: Incoming, res: Outgoing): Promise<void> {
  try {
    refuseStrangers(ctx, req)
    allowMethods(req, 'GET', 'HEAD')
    send(ctx, req, res, 200, ctx.metrics.contentType, await ctx.metrics.metrics())
  } catch (error) {
    const known = reportFailure(ctx.log, { method: req.method, path: PATH }, error, false)
    const { code, message } =
      known ?? new AppError('unavailable', 'The metrics could not be read. Try again.')
    const body = JSON.stringify(errorBody(new AppError(code, message)))
    send(ctx, req, res, known ? STATUS[code] : 500, 'application/json', body)
  }
}

/** @throws AppError as for an endpoint that is not there; what the guard throws. */
function refuseStrangers({ env }: AppContext, req: Incoming): void {
  const { authorization = '' } = req.headers
  // Whoever has the token needs no name of ours, and a browser never sends it by itself.
  if (env.METRICS_TOKEN && isSame(authorization, `Bearer ${env.METRICS_TOKEN}`)) return
  guard(partsOf(req), env)
  // Behind a proxy on this machine everybody comes from here.
  const isFromHere = !env.TRUST_PROXY && isLoopback(req.socket.remoteAddress)
  if (env.METRICS_TOKEN || !isFromHere) throw new AppError('not_found', 'There is no such endpoint.')
}

// Of digests, which are equally long whatever was sent.
function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}

/** Of a connection's other end, as Node writes it. */
export const isLoopback = (address = '') => /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(address)

function send({ env }: AppContext, req: Incoming, res: Outgoing, status: number, type: string, body: string) {
  res.statusCode = status
  for (const [name, value] of Object.entries(apiSecurityHeaders(env))) res.setHeader(name, value)
  res.setHeader('content-type', type)
  res.setHeader('content-length', Buffer.byteLength(body))
  res.setHeader('cache-control', 'private, no-store')
  const out: Writable = res // both kinds are one
  out.end(req.method === 'HEAD' ? undefined : body)
}

/** What the process says of itself: once in a process, because parts of it cannot be stopped. */
export function showProcess({ metrics }: AppContext): void {
  collectDefaultMetrics({ register: metrics })
}

/** What the app says of itself, for as long as the context lives. */
export function showApp(ctx: AppContext): void {
  new Gauge({
    name: 'throughline_build_info',
    help: 'Always 1; the labels name what runs.',
    labelNames: ['version', 'build_id'],
    registers: [ctx.metrics],
  }).set({ version: VERSION, build_id: ctx.env.BUILD_ID }, 1)
  showBeat(ctx, 'underway', {
    name: 'throughline_replication_lag_seconds',
    help: 'From writing a row to its coming back through Electric, of the newest heartbeat that did.',
  })
  showBeat(ctx, 'age', {
    name: 'throughline_replication_age_seconds',
    help: 'Since the newest heartbeat was written that came back through Electric; grows while nothing comes.',
  })
}

function showBeat(ctx: AppContext, of: 'underway' | 'age', named: { name: string; help: string }): void {
  new Gauge({
    ...named,
    registers: [ctx.metrics],
    collect() {
      const seconds = ctx.heartbeat?.newest()?.[of]
      if (seconds === undefined) this.remove()
      else this.set(seconds)
    },
  })
}
