import { Agent, get, type IncomingMessage } from 'node:http'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import postgres from 'postgres'
import { serveCalls } from '../../processes/calls.ts'
import { syncShape } from '../../processes/follow-shape.ts'
import { LeanConnection } from '../../processes/lean-http.ts'
import { rowsSql } from '../shape-requests.ts'

// Reads whole results and throws them away, so that what is measured is on the other side.

export interface Download {
  ms: number
  bytes: number
  handle: string
}

const COPY_BUFFER_BYTES = 256 * 1024

const calls = {
  /** A shape from its beginning to up-to-date. */
  download: async (port: number, path: string): Promise<Download> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      return await download(agent, port, path)
    } finally {
      agent.destroy()
    }
  },
  countRows,
  copy: async (databaseUrl: string, sessionId: string): Promise<{ ms: number; rows: number }> => {
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    try {
      const query = `COPY (${rowsSql(`'${sessionId}'`)}) TO STDOUT`
      const startedAt = performance.now()
      const stream = client.query(copyTo(query, { highWaterMark: COPY_BUFFER_BYTES }))
      for await (const _ of stream) {
        // drained
      }
      return { ms: performance.now() - startedAt, rows: stream.rowCount }
    } finally {
      await client.end()
    }
  },
  /** Milliseconds until all shapes were read to their ends. */
  openShapes: async (port: number, paths: string[], inFlight: number): Promise<number> => {
    const connections = await Promise.all(Array.from({ length: inFlight }, () => LeanConnection.open(port)))
    const next = paths.values()
    const startedAt = performance.now()
    const work = async (connection: LeanConnection) => {
      for (const path of next) await syncShape(connection, path)
    }
    await Promise.all(connections.map(work))
    const ms = performance.now() - startedAt
    for (const connection of connections) connection.close()
    return ms
  },
  /** Milliseconds until the rows of all sessions were read. */
  selectSessions: async (databaseUrl: string, sessionIds: string[], connections: number): Promise<number> => {
    const sql = postgres(databaseUrl, { max: connections, onnotice: () => {}, fetch_types: false })
    try {
      await Promise.all(Array.from({ length: connections }, () => sql`SELECT pg_sleep(0.05)`))
      const startedAt = performance.now()
      // Raw: the bytes as they came, as a client of shapes has them.
      await Promise.all(sessionIds.map((id) => sql.unsafe(rowsSql('$1'), [id], { prepare: true }).raw()))
      return performance.now() - startedAt
    } finally {
      await sql.end({ timeout: 1 })
    }
  },
}

export type ReaderCalls = typeof calls

async function download(agent: Agent, port: number, path: string): Promise<Download> {
  const position = { handle: '', offset: '-1' }
  const startedAt = performance.now()
  for (let bytes = 0; ; ) {
    const part = await drain(agent, port, `${path}&offset=${position.offset}&handle=${position.handle}`)
    bytes += part.bytes
    position.handle = String(part.headers['electric-handle'])
    position.offset = String(part.headers['electric-offset'])
    if (part.headers['electric-up-to-date'] === undefined) continue
    return { ms: performance.now() - startedAt, bytes, handle: position.handle }
  }
}

function drain(agent: Agent, port: number, path: string, onPart: (part: Buffer) => void = () => {}) {
  return new Promise<{ bytes: number; headers: IncomingMessage['headers'] }>((resolve, reject) => {
    const request = get({ agent, host: '127.0.0.1', port, path }, (response) => {
      let bytes = 0
      response.on('data', (part: Buffer) => {
        bytes += part.length
        onPart(part)
      })
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve({ bytes, headers: response.headers })
        else reject(new Error(`Answered with ${response.statusCode}.`))
      })
    })
    request.on('error', reject)
  })
}

/** Of a shape, by the messages that its answers carry. */
async function countRows(port: number, path: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const position = { handle: '', offset: '-1' }
  try {
    for (let rows = 0; ; ) {
      const parts: Buffer[] = []
      const target = `${path}&offset=${position.offset}&handle=${position.handle}`
      const { headers } = await drain(agent, port, target, (part) => parts.push(part))
      const messages = JSON.parse(Buffer.concat(parts).toString()) as { key?: string }[] // as the protocol has it
      rows += messages.filter(({ key }) => key !== undefined).length
      position.handle = String(headers['electric-handle'])
      position.offset = String(headers['electric-offset'])
      if (headers['electric-up-to-date'] !== undefined) return rows
    }
  } finally {
    agent.destroy()
  }
}

serveCalls(calls)
