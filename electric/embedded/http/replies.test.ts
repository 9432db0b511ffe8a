import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { messagesAnswer } from './answer.ts'
import type { Body } from './body.ts'
import { Exchange } from './exchange.ts'
import { ProtocolError } from './protocol-error.ts'
import { Replies } from './replies.ts'

const MIB = 1024 * 1024

let stop = async () => {}

afterEach(() => stop())

/** A server whose every answer is this body. */
async function serve(body: Body) {
  const lines: string[] = []
  const replies = new Replies('GET, HEAD', (level, line) => lines.push(`${level}: ${line}`))
  const server = createServer<typeof IncomingMessage, typeof Exchange>(
    { ServerResponse: Exchange },
    (_request, exchange) => replies.send(exchange, messagesAnswer(body, { 'electric-offset': '0_0' })),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stop = async () => {
    server.close()
    server.closeAllConnections()
  }
  return { port: (server.address() as AddressInfo).port, lines } // of a TCP server
}

async function open(port: number, method = 'GET'): Promise<IncomingMessage> {
  const outgoing = request({ port, host: '127.0.0.1', method, agent: false }).end()
  const [response]: IncomingMessage[] = await once(outgoing, 'response')
  if (!response) throw new Error('There is no response.')
  return response
}

async function readAll(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A body of so many parts that knows how many were taken, and whether it was let go. */
class Parts {
  taken = 0
  isOver = false
  readonly #parts: (Buffer | Error)[]

  constructor(...parts: (Buffer | Error)[]) {
    this.#parts = parts
  }

  async *open(): AsyncGenerator<Buffer> {
    try {
      for (const part of this.#parts) {
        if (part instanceof Error) throw part
        this.taken++
        yield part
      }
    } finally {
      this.isOver = true
    }
  }
}

/** Until it has been the same for a while. */
async function expectToRest(count: () => number): Promise<void> {
  const seen: number[] = []
  await vi.waitUntil(() => seen.push(count()) > 3 && seen.at(-1) === seen.at(-4), { interval: 50 })
}

test('a stream is sent whole, and its length is not told before', async () => {
  const parts = new Parts(Buffer.from('[1,'), Buffer.alloc(MIB, ' '), Buffer.from('2]'))
  const { port } = await serve(parts)
  const response = await open(port)
  expect(response.headers).toMatchObject({ 'transfer-encoding': 'chunked', 'electric-offset': '0_0' })
  expect(JSON.parse(String(await readAll(response)))).toEqual([1, 2])
  expect(parts.isOver).toBe(true)
})

test('whoever asks for the head of a stream opens none', async () => {
  const parts = new Parts(Buffer.from('[]'))
  const { port } = await serve(parts)
  const response = await open(port, 'HEAD')
  expect((await readAll(response)).length).toBe(0)
  expect(parts.taken).toBe(0)
})

test('a slow caller holds back the stream, and one that goes away ends it', async () => {
  const parts = new Parts(...Array.from({ length: 200 }, () => Buffer.alloc(MIB, 'x')))
  const { port } = await serve(parts)
  const response = await open(port)
  await vi.waitUntil(() => parts.taken > 1)
  // What fits into the sockets' buffers is taken, and no more.
  await expectToRest(() => parts.taken)
  expect(parts.taken).toBeLessThan(50)
  response.destroy()
  await vi.waitUntil(() => parts.isOver)
  expect(parts.taken).toBeLessThan(60)
})

test('a stream that fails midway is cut off, so that nobody takes a part for the whole', async () => {
  const { port, lines } = await serve(new Parts(Buffer.alloc(MIB, '['), new Error('The disk is gone.')))
  const response = await open(port)
  await expect(readAll(response)).rejects.toThrow()
  expect(lines).toEqual(['error: A request failed: The disk is gone.'])
})

test('a stream that fails before its first byte is an answer like any other', async () => {
  const shapeEnded = new ProtocolError(409, [], { 'cache-control': 'no-store' })
  const known = await open((await serve(new Parts(shapeEnded))).port)
  expect(known.statusCode).toBe(409)
  await stop()
  const unknown = await open((await serve(new Parts(new Error('x')))).port)
  expect([unknown.statusCode, String(await readAll(unknown))]).toEqual([
    500,
    '{"error":"Internal server error"}',
  ])
  expect(unknown.headers['cache-control']).toBe('no-store')
})

test('a caller that is gone is no error', async () => {
  const parts = new Parts(...Array.from({ length: 20 }, () => Buffer.alloc(MIB, 'x')))
  const { port, lines } = await serve(parts)
  const response = await open(port)
  response.destroy()
  await vi.waitUntil(() => parts.isOver)
  expect(lines).toEqual([])
})
