import {
  type ClientRequest,
  type IncomingMessage,
  Agent as PlainAgent,
  type RequestOptions,
  request as requestPlain,
} from 'node:http'
import { request as requestSecure, Agent as SecureAgent } from 'node:https'
import type { Env } from '#server/env.ts'
import { AppError } from '#server/errors.ts'
import type { Logger } from '#server/log.ts'
import { passedHeaders, refusedPosition } from './electric-answer.ts'
import type { ShapeRequest } from './shape-request.ts'
import { unavailable } from './unavailable.ts'

/** The beginning of an answer that may be handed on: 200 or 409. */
export interface AnswerHead {
  status: number
  /** Only those that a browser may see. */
  headers: Readonly<Record<string, string>>
  /** Undefined when Electric does not say how long the body will be. */
  bytes: number | undefined
}

/** Takes one answer as it arrives. Nothing comes after `end` or `fail`. */
export interface AnswerSink {
  head(head: AnswerHead): void
  /** @returns whether more may come at once; if not, until `resume`. */
  data(chunk: Buffer): boolean
  end(): void
  /** @param error invalid when the caller's position is malformed, else unavailable. Nothing of the address is in it. */
  fail(error: AppError): void
}

export interface Asking {
  resume(): void
  /** Nothing reaches the sink any more. */
  stop(): void
}

export interface ElectricClient {
  ask(request: ShapeRequest, sink: AnswerSink): Asking
  close(): void
}

// Longer than Electric ever keeps a live request waiting: beyond it the connection is dead without having said so.
const LIVE_SILENCE_MS = 90_000
const SILENCE_MS = 300_000

export function createElectricClient(env: Pick<Env, 'ELECTRIC_URL'>, log: Logger): ElectricClient {
  const { protocol, hostname, port } = new URL(env.ELECTRIC_URL)
  const [send, Agent] = protocol === 'https:' ? [requestSecure, SecureAgent] : [requestPlain, PlainAgent]
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 })
  const options: RequestOptions = {
    agent,
    host: hostname.replace(/^\[|\]$/g, ''), // in brackets an IPv6 address stands in a URL only
    port,
    // Identity: the service is near, and what is not packed need not be unpacked here.
    headers: { 'accept-encoding': 'identity' },
  }
  return {
    ask: (request, sink) => {
      const path = request.path()
      const timeout = request.isLive ? LIVE_SILENCE_MS : SILENCE_MS
      const exchange = new Exchange(() => send({ ...options, path, timeout }), sink, log)
      exchange.send()
      return exchange
    },
    close: () => agent.destroy(),
  }
}

class Exchange implements Asking {
  readonly #connect: () => ClientRequest
  readonly #sink: AnswerSink
  readonly #log: Logger
  #request: ClientRequest | undefined
  #answer: IncomingMessage | undefined
  #isOver = false

  constructor(connect: () => ClientRequest, sink: AnswerSink, log: Logger) {
    this.#connect = connect
    this.#sink = sink
    this.#log = log
  }

  send(isAgain = false): void {
    const request = this.#connect()
    this.#request = request
    request.on('response', (incoming) => this.#receive(incoming))
    request.on('timeout', () => request.destroy(new Error('Electric said nothing for too long.')))
    request.on('error', (cause) => {
      // A kept connection may be closed from the other side just as it is used again: nothing was asked then.
      if (!isAgain && request.reusedSocket && !this.#answer && !this.#isOver) this.send(true)
      else this.#fail(unavailable(cause))
    })
    request.end()
  }

  resume(): void {
    this.#answer?.resume()
  }

  stop(): void {
    this.#isOver = true
    this.#request?.destroy()
  }

  #receive(incoming: IncomingMessage): void {
    this.#answer = incoming
    incoming.on('error', (cause) => this.#fail(unavailable(cause))) // it went away in the middle
    const { statusCode: status = 0, headers } = incoming
    if (status === 200 || status === 409) this.#handOn(incoming, status)
    else if (status === 400) {
      this.#refused(incoming).catch((cause) => this.#fail(unavailable(cause)))
    } else {
      this.#log.warn({ upstream_status: status }, 'Electric did not answer')
      incoming.resume() // to its end, so that the connection can be used again
      this.#fail(unavailable(undefined, secondsOf(headers['retry-after'])))
    }
  }

  #handOn(incoming: IncomingMessage, status: number): void {
    const length = incoming.headers['content-length']
    const bytes = length === undefined ? undefined : Number(length)
    this.#sink.head({ status, headers: passedHeaders(incoming.headers), bytes })
    incoming.on('data', (chunk: Buffer) => {
      if (!this.#isOver && !this.#sink.data(chunk)) incoming.pause()
    })
    incoming.on('end', () => this.#end())
  }

  async #refused(incoming: IncomingMessage): Promise<void> {
    const parts: Buffer[] = []
    // Cut short it is no JSON, and counts as an Electric that is away.
    for await (const part of incoming.iterator({ destroyOnReturn: false })) parts.push(part)
    const refusal = refusedPosition(Buffer.concat(parts).toString('utf8'))
    if (this.#isOver) return
    if (!(refusal instanceof AppError)) {
      this.#sink.head(refusal.head)
      this.#sink.data(refusal.body)
      this.#end()
    } else {
      if (refusal.code === 'unavailable') this.#log.error('Electric refused the definition of a shape')
      this.#fail(refusal)
    }
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#sink.end()
  }

  #fail(error: AppError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#sink.fail(error)
  }
}

function secondsOf(retryAfter: string | undefined): string {
  return retryAfter && /^\d{1,3}$/.test(retryAfter) ? retryAfter : '1'
}
