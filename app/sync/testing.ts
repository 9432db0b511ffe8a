import { createServer as createHttpServer, request } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A wire between a page and its server that can be cut, in the middle of anything. */
export interface Wire {
  url: string
  /** Cuts all connections; new ones are refused until `mend`. */
  cut(): void
  mend(): void
  /** Cuts the connections that carry an answer once so many bytes of answers have passed. */
  cutAfterBytes(bytes: number): void
  close(): Promise<void>
}

/**
 * @param target where it leads; of several, each connection leads to the next.
 * @param at the wire's own port; any that is free when not given.
 */
export async function openWire(target: string | string[], at = 0): Promise<Wire> {
  const targets = [target].flat().map((each) => new URL(each))
  let connections = 0
  const sockets = new Set<Socket>()
  let isCut = false
  let left = Number.POSITIVE_INFINITY
  const server = createServer((client) => {
    if (isCut) return client.destroy()
    const { port, hostname } = targets[connections++ % targets.length] ?? {}
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.once('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
      socket.on('error', () => {})
    }
    client.pipe(upstream)
    upstream.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left >= 0) return client.write(chunk)
      // What still fits goes through: the cut is inside whatever this was.
      client.write(chunk.subarray(0, chunk.length + left), () => client.destroy())
      left = Number.POSITIVE_INFINITY
    })
  })
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve))
  const address = server.address()
  const own = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${own}`,
    cut: () => {
      isCut = true
      for (const socket of sockets) socket.destroy()
    },
    mend: () => {
      isCut = false
    },
    cutAfterBytes: (bytes) => {
      left = bytes
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Stands between a page and its server, and passes each answer on only when it is whole. */
export async function openCollector(
  target: string,
  at = 0,
): Promise<{ url: string; close(): Promise<void> }> {
  const { port, hostname } = new URL(target)
  const server = createHttpServer((asked, answer) => {
    const { method, url: path, headers } = asked
    const upstream = request({ hostname, port, method, path, headers }, async (response) => {
      const body = await buffer(response).catch(() => null)
      if (body) answer.writeHead(response.statusCode ?? 502, response.headers).end(body)
      else answer.destroy()
    })
    upstream.on('error', () => answer.destroy())
    answer.on('close', () => upstream.destroy())
    asked.pipe(upstream)
  })
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve))
  const address = server.address()
  const own = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${own}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
