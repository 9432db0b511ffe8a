import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Engine } from '../engine.ts'
import type { ElectricSettings } from '../options.ts'
import { emptyAnswer, FOR_ONE_CALLER, jsonAnswer, NOT_FOUND } from './answer.ts'
import { Exchange } from './exchange.ts'
import { Replies } from './replies.ts'
import { type RequestTarget, RequestTargets } from './request-target.ts'
import { ShapeEndpoint } from './shape-endpoint.ts'

const OPTIONS = {
  ServerResponse: Exchange,
  // Longer than a proxy keeps its side: otherwise it can send on a connection that just closed.
  keepAliveTimeout: 75_000,
  // Nearly every request has no body: nothing is set up to read one.
  optimizeEmptyRequests: true,
  // A where clause may be 64 KiB, and three times that when escaped.
  maxHeaderSize: 256 * 1024,
}

export function createHttpServer(engine: Engine, settings: ElectricSettings): Server {
  const targets = new RequestTargets()
  const endpoints = new Endpoints(engine, settings)
  return createServer<typeof IncomingMessage, typeof Exchange>(OPTIONS, (request, exchange) => {
    const respond = () => endpoints.respond(exchange, targets.read(request.url ?? '/'))
    // Sent before the answer to the one before it: its turn comes when the connection is its own.
    if (exchange.socket) respond()
    else exchange.once('socket', () => process.nextTick(respond))
  })
}

class Endpoints {
  readonly #engine: Engine
  readonly #shape: ShapeEndpoint
  readonly #readable: Replies
  readonly #unknown: Replies

  constructor(engine: Engine, settings: ElectricSettings) {
    this.#engine = engine
    this.#shape = new ShapeEndpoint(engine, settings)
    this.#readable = new Replies('GET, HEAD', settings.log)
    this.#unknown = new Replies(null, settings.log)
  }

  respond(exchange: Exchange, target: RequestTarget): void {
    if (exchange.destroyed) return
    const request = exchange.req
    request.url = target.text // one string for all who ask the same
    exchange.on('close', exchange.letGo)
    exchange.readHeaders()
    // Whoever reads no body must still let it pass: the connection would be held.
    if (request.method !== 'POST' && !request.complete) request.resume()
    if (target.path === 'v1/shape') this.#shape.handle(exchange, target)
    else this.#respond(exchange, target)
  }

  #respond(exchange: Exchange, { path }: RequestTarget): void {
    const { method } = exchange.req
    const isRead = method === 'GET' || method === 'HEAD'
    if (isRead && path === 'v1/health') this.#readable.send(exchange, healthAnswer(this.#engine))
    else if (isRead && path === '') this.#readable.send(exchange, emptyAnswer(200, FOR_ONE_CALLER))
    else this.#unknown.send(exchange, NOT_FOUND)
  }
}

function healthAnswer({ state }: Engine) {
  const caching = { 'cache-control': 'no-cache, no-store, must-revalidate' }
  return jsonAnswer(state === 'active' ? 200 : 202, { status: state }, caching)
}
