import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Stream,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import {
  type Certificate,
  type CertificateFiles,
  type CertificateWatch,
  certificateFiles,
  readCertificate,
  watchCertificate,
} from './certificate.ts'
import type { Env } from './env.ts'
import type { Logger } from './log.ts'

export type Incoming = IncomingMessage | Http2ServerRequest
export type Outgoing = ServerResponse | Http2ServerResponse

/** Takes a request, or gives `false` and has not touched it. */
export type RawHandler = (req: Incoming, res: Outgoing) => boolean

export interface ListenOptions {
  env: Pick<Env, 'HOST' | 'PORT' | 'TLS_CERT' | 'TLS_KEY'>
  log: Logger
  /** Asked in this order. */
  handlers: RawHandler[]
  /** Takes what none of them takes. */
  app: (req: Incoming, res: Outgoing) => unknown
  times?: Partial<typeof TIMES>
}

export interface Listening {
  url: string
  /** Null without TLS. */
  certificate: CertificateWatch | null
  /** Ends everything at once, streams as well. */
  close(): Promise<void>
}

/** None of them counts while an answer is under way: a stream may last for hours. */
const TIMES = {
  /**
   * Until a connection without a request is closed. Where that is sooner than a browser or a proxy in front expects,
   * each pause costs a new connection, and a request that crosses the closing is lost.
   */
  keepAliveTimeout: 75_000,
  /** For the head of a request. Longer than the pause before it, which some count as part of it. */
  headersTimeout: 80_000,
  /** For a whole request: 10 MB, the largest body, over a line of 300 kbit/s. */
  requestTimeout: 300_000,
  /** How often the two above are looked at. */
  connectionsCheckingInterval: 10_000,
}

/** A page has one connection for all its requests, and so may a proxy in front for all its callers. */
const STREAMS_PER_CONNECTION = 250
/** What these may hold in buffers together, in MB: 256 KB each. Above it, further requests are refused. */
const MEMORY_PER_CONNECTION = 64

/** Serves HTTP/1.1, or where there is a certificate HTTP/2 and HTTP/1.1 over TLS. */
export async function listen({ env, log, handlers, app, times }: ListenOptions): Promise<Listening> {
  const taken = firstOf(handlers, log)
  const answer = (req: Incoming, res: Outgoing) => void (taken(req, res) || app(req, res))
  const files = certificateFiles(env)
  const all = { ...TIMES, ...times }
  const { server, certificate } = files ? tlsServer(files, log, answer, all) : plainServer(answer, all)
  const sockets = socketsOf(server)
  await once(server.listen(env.PORT, env.HOST), 'listening')
  server.on('error', (err) => log.error({ err }, 'a connection was not taken'))
  return {
    url: urlOf(server, files !== null),
    certificate,
    close: async () => {
      certificate?.stop()
      const closed = new Promise((settle) => server.close(settle))
      // Neither streams nor sessions are waited for: their readers come back to who answers then.
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

type Answer = (req: Incoming, res: Outgoing) => void

function plainServer(answer: Answer, times: typeof TIMES) {
  return { server: createServer(times, answer), certificate: null }
}

function tlsServer(files: CertificateFiles, log: Logger, answer: Answer, times: typeof TIMES) {
  const server = createSecureServer(
    {
      ...secureOptions(readCertificate(files)),
      allowHTTP1: true,
      http1Options: times,
      settings: { maxConcurrentStreams: STREAMS_PER_CONNECTION },
      maxSessionMemory: MEMORY_PER_CONNECTION,
    },
    answer,
  )
  server.on('stream', (stream) => waitForRest(stream, times.requestTimeout))
  // Answers that are under way are finished; whoever has further requests opens another connection.
  server.on('session', (session) => session.setTimeout(times.keepAliveTimeout, () => session.close()))
  const renew = (renewed: Certificate) => server.setSecureContext(secureOptions(renewed))
  return { server, certificate: watchCertificate(files, log, renew) }
}

// Node counts this for HTTP/1.1 alone.
function waitForRest(stream: Http2Stream, timeoutMs: number): void {
  if (stream.endAfterHeaders) return
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), timeoutMs)
  for (const event of ['end', 'close']) stream.once(event, () => clearTimeout(timer))
}

const secureOptions = ({ cert, key }: Certificate) => ({ cert, key, minVersion: 'TLSv1.2' as const })

// By connection, because a server over TLS has sessions, requests without one, and handshakes that never end.
function socketsOf(server: Server | Http2SecureServer): Set<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}

function urlOf(server: Server | Http2SecureServer, tls: boolean): string {
  const { address, family, port } = server.address() as AddressInfo // it listens on TCP
  return `${tls ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

/** The first that takes a request. One that breaks has taken it, and the process goes on. */
export function firstOf(handlers: RawHandler[], log: Logger): RawHandler {
  return (req, res) => {
    try {
      for (const handle of handlers) if (handle(req, res)) return true
      return false
    } catch (err) {
      log.error({ method: req.method, path: req.url, err }, 'failed')
      if (!res.headersSent) res.statusCode = 500
      res.end()
      return true
    }
  }
}
