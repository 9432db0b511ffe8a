import { serveCalls } from './calls.ts'
import { DrainingConnection } from './draining-connection.ts'

export interface Download {
  path: string
  token?: string
}

const calls = {
  /**
   * So many clients at once, each with one request after another, through all of them in turn.
   * @returns MB a second, from the first request to the last byte.
   */
  download: async (port: number, downloads: Download[], clients: number, forMs: number): Promise<number> => {
    const connections = Array.from({ length: clients }, () => new DrainingConnection(port))
    let next = 0
    const startedAt = performance.now()
    const work = async (connection: DrainingConnection) => {
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

export type DownloaderCalls = typeof calls

serveCalls(calls)
