import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { shapes } from '#electric/shapes/index.ts'
import type { AppError } from '#server/errors.ts'
import { createLog } from '#server/log.ts'
import type { Answer, AnswerReader } from './answer.ts'
import { Answers, type AnswersOptions } from './answers.ts'
import { createElectricClient } from './electric-client.ts'
import { type Position, shapeRequest } from './shape-request.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Asked {
  url: URL
  request: IncomingMessage
  response: ServerResponse
}

/** A peer that answers as Electric does, but when and with what the test says. */
async function start(answer: (asked: Asked, n: number) => unknown = () => {}, options: AnswersOptions = {}) {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const each = { request, response, url: new URL(request.url ?? '', 'http://electric') }
    answer(each, asked.push(each) - 1)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo // listening on TCP
  const env = { ELECTRIC_URL: `http://127.0.0.1:${port}`, ELECTRIC_SECRET: 'secret' }
  const client = createElectricClient(env, createLog('silent'))
  const answers = new Answers(client, { keepMs: 60_000, ...options })
  closing.push(async () => {
    client.close()
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  })
  return {
    asked,
    answers,
    read: (position: Position, scopeId = 'somebody', appetite?: number) =>
      new Reader(
        (reader) => answers.join(shapeRequest(env, shapes.inbox_entries, scopeId, position), reader),
        appetite,
      ),
  }
}

class Reader implements AnswerReader {
  readonly answer: Answer
  readonly over = Promise.withResolvers<void>()
  appetite: number
  text = ''
  isCut = false

  constructor(join: (reader: AnswerReader) => Answer, appetite = Number.POSITIVE_INFINITY) {
    this.appetite = appetite
    this.answer = join(this)
    this.advance()
  }

  advance(): void {
    if (this.isCut) return
    for (let chunk = this.#next(); chunk; chunk = this.#next()) this.text += chunk.toString()
    if (this.answer.error || this.answer.isDone(this)) this.over.resolve()
  }

  leave(): void {
    this.isCut = true
    this.answer.leave(this)
  }

  cutOff(): void {
    this.isCut = true
    this.over.resolve()
  }

  #next(): Buffer | null {
    return this.appetite-- > 0 ? this.answer.take(this) : null
  }
}

const at = (offset: string, more: Position = {}): Position => ({ handle: '1-1', offset, ...more })
const waiting = (offset: string, more: Position = {}) => at(offset, { live: 'true', ...more })
const HEADERS = { 'electric-handle': '1-1', 'electric-offset': '9_0', 'electric-cursor': '5' }

describe('equal requests', () => {
  it('are one at Electric, and its answer is everybody’s', async () => {
    const { read, asked, answers } = await start()
    const readers = Array.from({ length: 100 }, (_, n) => read(waiting('1_0', { cursor: `${n}` })))
    await expect.poll(() => asked.length).toBe(1)
    asked[0]?.response.writeHead(200, HEADERS).end('[1]')
    await Promise.all(readers.map(({ over }) => over.promise))
    expect(
      new Set(readers.map(({ text, answer }) => text + answer.beginning?.headers['electric-offset'])),
    ).toEqual(new Set(['[1]9_0']))
    expect([asked.length, answers.counts.joined, answers.counts.asked]).toEqual([1, 100, 1])
  })

  it.each<[string, Position, Position, string?]>([
    ['another place in the log', waiting('1_0'), waiting('2_0')],
    ['another handle', waiting('1_0'), waiting('1_0', { handle: '1-2' })],
    ['waiting and not waiting', waiting('1_0'), at('1_0')],
    ['another log', at('1_0'), at('1_0', { log: 'changes_only' })],
    ['another scope', waiting('1_0'), waiting('1_0'), 'somebody else'],
    [
      'a handle that ends where an offset begins',
      at('1', { handle: 'a&offset=1' }),
      at('1', { handle: 'a' }),
    ],
  ])('do not include those for %s', async (_what, one, other, scopeId) => {
    const { read, asked } = await start()
    read(one)
    read(other, scopeId)
    await expect.poll(() => asked.length).toBe(2)
  })

  it('go on when one reader leaves, and end at Electric when the last one does', async () => {
    const { read, asked, answers } = await start()
    const [one, other] = [read(waiting('1_0')), read(waiting('1_0'))]
    await expect.poll(() => asked.length).toBe(1)
    const ended = new Promise((closed) => asked[0]?.response.once('close', closed))
    one.leave()
    expect(answers.waits).toBe(1)
    other.leave()
    await ended
    expect(answers.waits).toBe(0)
    read(waiting('1_0'))
    await expect.poll(() => asked.length).toBe(2)
  })

  it('share an error as it is, and who comes afterwards asks anew', async () => {
    const { read, asked } = await start(({ response }, n) =>
      n === 0 ? response.writeHead(503, { 'retry-after': '7' }).end('secret') : response.end('[]'),
    )
    const readers = [read(at('-1')), read(at('-1')), read(waiting('1_0'))]
    await Promise.all(readers.slice(0, 2).map(({ over }) => over.promise))
    const errors = readers.slice(0, 2).map(({ answer }) => answer.error as AppError)
    expect(errors.map(({ code, retryAfter }) => [code, retryAfter])).toEqual([
      ['unavailable', '7'],
      ['unavailable', '7'],
    ])
    expect(JSON.stringify(errors)).not.toContain('secret')
    await read(at('-1')).over.promise
    expect(asked.length).toBe(3)
  })

  it('are asked again from here when Electric is briefly away while they wait', async () => {
    const { read, asked } = await start(({ request, response }, n) =>
      n < 2 ? request.socket.destroy() : response.writeHead(200, HEADERS).end('[2]'),
    )
    const readers = [read(waiting('1_0')), read(waiting('1_0'))]
    await Promise.all(readers.map(({ over }) => over.promise))
    expect(readers.map(({ text }) => text)).toEqual(['[2]', '[2]'])
    expect(asked.length).toBe(3)
  })

  it('break off for everybody when Electric goes in the middle of its answer', async () => {
    const { read } = await start(({ request, response }) => {
      response
        .writeHead(200, { ...HEADERS, 'content-length': '100' })
        .write('[', () => request.socket.destroy())
    })
    const reader = read(at('-1'))
    await reader.over.promise
    expect([reader.answer.beginning?.status, reader.answer.error?.code]).toEqual([200, 'unavailable'])
  })
})

describe('a request that cannot be made', () => {
  it('keeps nobody waiting who asks for the same in other words', async () => {
    const { read, asked } = await start(({ response }) => response.writeHead(200, HEADERS).end('[1]'))
    expect(() => read(waiting('1_0', { cursor: '\ud800' }))).toThrow(URIError)
    await read(waiting('1_0', { cursor: '5' })).over.promise
    expect(asked.length).toBe(1)
  })
})

describe('a reader who comes a moment later', () => {
  const answering = (headers: Record<string, string>, status = 200) =>
    start(({ response }) => response.writeHead(status, headers).end('[1]'))

  it.each<[string, Position, Record<string, string>, number]>([
    ['the beginning of a log', at('-1'), { ...HEADERS, 'electric-up-to-date': '' }, 200],
    ['a part of it that is complete', at('1_0'), HEADERS, 200],
    ['what has happened', waiting('1_0'), { ...HEADERS, 'electric-up-to-date': '' }, 200],
    ['that a handle is gone', waiting('1_0'), { 'electric-handle': '1-2' }, 409],
  ])('is given %s as it was', async (_what, position, headers, status) => {
    const { read, asked } = await answering(headers, status)
    await read(position).over.promise
    const later = read(position)
    await later.over.promise
    expect([later.text, asked.length]).toEqual(['[1]', 1])
  })

  it.each<[string, Position, Record<string, string>]>([
    ['the end of a log, which may have moved', at('1_0'), { ...HEADERS, 'electric-up-to-date': '' }],
    ['that nothing has happened', waiting('9_0'), { ...HEADERS, 'electric-up-to-date': '' }],
    ['from now on', at('now'), { ...HEADERS, 'electric-up-to-date': '' }],
  ])('is not given %s', async (_what, position, headers) => {
    const { read, asked } = await answering(headers)
    await read(position).over.promise
    await read(position).over.promise
    expect(asked.length).toBe(2)
  })

  it('is not given what she knows to be gone', async () => {
    const { read, asked } = await answering(HEADERS)
    await read(at('-1')).over.promise
    await read(at('-1', { expired_handle: '1-0' })).over.promise
    expect(asked.length).toBe(1)
    await read(at('-1', { expired_handle: '1-1' })).over.promise
    expect(asked.length).toBe(2)
  })

  it('is not given what Electric has since said to be gone', async () => {
    const { read, asked } = await start(({ response, url }) =>
      url.searchParams.has('live')
        ? response.writeHead(409, { 'electric-handle': '1-2' }).end('[]')
        : response.writeHead(200, HEADERS).end('[]'),
    )
    await read(at('-1')).over.promise
    await read(waiting('9_0')).over.promise
    await read(at('-1')).over.promise
    expect(asked.length).toBe(3)
  })

  it('is not given what is older than she may be told', async () => {
    const { read, asked, answers } = await start(
      ({ response }) => response.writeHead(200, HEADERS).end('[1]'),
      {
        keepMs: 20,
      },
    )
    await read(at('-1')).over.promise
    expect(answers.heldBytes).toBe(3)
    await expect.poll(() => answers.heldBytes).toBe(0)
    await read(at('-1')).over.promise
    expect(asked.length).toBe(2)
  })
})

describe('what is held in memory', () => {
  const body = Buffer.alloc(4_000_000, 'x')
  const large = (maxHeldBytes: number, loneBytes = body.length) =>
    start(
      ({ response }) => response.writeHead(200, { ...HEADERS, 'content-length': body.length }).end(body),
      { maxHeldBytes, loneBytes },
    )

  it('is no large answer that nobody else has asked for, and is one where readers have met', async () => {
    const { read, answers, asked } = await large(10_000_000, 100_000)
    await read(at('-1')).over.promise
    await read(at('-1')).over.promise
    expect([asked.length, answers.heldBytes]).toEqual([2, 0])
    await Promise.all([read(at('-1')), read(at('-1'))].map(({ over }) => over.promise))
    await read(at('-1')).over.promise
    expect([asked.length, answers.heldBytes]).toEqual([3, body.length])
  })

  it('is one where a reader comes while another is in the middle of it', async () => {
    const { read, answers, asked } = await large(10_000_000, 100_000)
    const first = read(at('-1'), 'somebody', 5)
    await expect.poll(() => first.text.length).toBeGreaterThan(100_000)
    await read(at('-1')).over.promise
    await read(at('-1')).over.promise
    expect(asked.length).toBe(2)
    expect(answers.heldBytes).toBeGreaterThanOrEqual(body.length)
  })

  it('of one reader who is slow stays a small part, and she gets all of it in the end', async () => {
    const { read, answers } = await large(1)
    const reader = read(at('-1'), 'somebody', 1)
    await expect.poll(() => reader.answer.beginning).toBeTruthy()
    while (!reader.answer.isDone(reader)) {
      reader.appetite = 1
      reader.advance()
      expect(answers.heldBytes).toBeLessThan(1_000_000)
      await new Promise(setImmediate)
    }
    expect(reader.text.length).toBe(body.length)
  })

  it('goes by age when there is too much of it, and who is read meanwhile is served to the end', async () => {
    const { read, answers, asked } = await large(10_000_000)
    const readers = Array.from({ length: 8 }, (_, n) => read(at('-1'), `somebody ${n}`))
    await Promise.all(readers.map(({ over }) => over.promise))
    expect(readers.every(({ text }) => text.length === body.length)).toBe(true)
    expect(answers.heldBytes).toBeLessThanOrEqual(10_000_000)
    await read(at('-1'), 'somebody 7').over.promise
    expect(asked.length).toBe(8)
    await read(at('-1'), 'somebody 0').over.promise
    expect(asked.length).toBe(9)
  })

  it('is found again when an answer was replaced for who knows it to be gone', async () => {
    const { read, answers } = await large(7_000_000)
    await read(at('-1')).over.promise
    await read(at('-1', { expired_handle: '1-1' })).over.promise
    await read(at('-1'), 'somebody else').over.promise
    expect(answers.heldBytes).toBeLessThanOrEqual(7_000_000)
  })

  it('cuts off those who are slower than others, when they make it too much', async () => {
    const { read, answers } = await large(3_000_000)
    const slow = read(at('-1'), 'somebody', 1)
    const fast = read(at('-1'), 'somebody')
    await Promise.all([fast.over.promise, slow.over.promise])
    expect([fast.text.length, fast.isCut, slow.isCut]).toEqual([body.length, false, true])
    expect(answers.heldBytes).toBeLessThanOrEqual(3_000_000)
  })
})
