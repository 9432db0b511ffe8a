import { Agent, get } from 'node:http'
import { serveCalls } from './calls.ts'
import { DrainingConnection } from './draining-connection.ts'

export interface Download {
  path: string
  token?: string
}

/** As programs read, with Node's own client; or nothing but counting bytes. */
export type Client = 'node' | 'draining'

/** Reads one after another. @returns bytes */
interface Connection {
  get(path: string, token?: string): Promise<number>
  close(): void
}

const opening: Record<Client, (port: number) => Connection> = {
  node: openNodeClient,
  draining: (port) => new DrainingConnection(port),
}

const calls = {
  /**
   * So many clients at once, each with one request after another, through all of them in turn.
   * @returns MB a second, from the first request to the last byte.
   */
  download: async (
    port: number,
    downloads: Download[],
    { client, clients, forMs }: { client: Client; clients: number; forMs: number },
  ): Promise<number> => {
    const connections = Array.from({ length: clients }, () => opening[client](port))
    let next = 0
    const startedAt = performance.now()
    const work = async (connection: Connection) => {
      let bytes = 0
      while (performance.now() - startedAt < forMs) {
        const { path, token } = downloads[next++ % downloads.length] ?? { path: '/' }
        bytes += await connection.get(path, token)
      }
      return bytes
    }
    const bytes = await Promise.all(connections.map(work))
    const seconds = (performance.now() - startedAt) / 1000
    for (const connection of connections) connection.close()
    return bytes.reduce((sum, each) => sum + each, 0) / 1e6 / seconds
  },
  /** @returns the size of each body. */
  sizes: async (port: number, downloads: Download[]): Promise<number[]> => {
    const connection = new DrainingConnection(port)
    const sizes: number[] = []
    for (const { path, token } of downloads) sizes.push(await connection.get(path, token))
    connection.close()
    return sizes
  },
}

function openNodeClient(port: number): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    get: (path, token) =>
      new Promise((resolve, reject) => {
        const headers = token ? { authorization: `Bearer ${token}` } : {}
        const request = get({ agent, host: '127.0.0.1', port, path, headers }, (answer) => {
          let bytes = 0
          if (answer.statusCode !== 200) reject(new Error(`Answered with ${answer.statusCode}.`))
          answer.on('data', (part: Buffer) => {
            bytes += part.length
          })
          answer.on('end', () => resolve(bytes))
          answer.on('error', reject)
        })
        request.on('error', reject)
      }),
    close: () => agent.destroy(),
  }
}

export type DownloaderCalls = typeof calls

serveCalls(calls)
