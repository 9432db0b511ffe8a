import type { Shape } from '../shape/shape.ts'
import type { LogRead } from '../shape/shape-log.ts'
import type { Body } from './body.ts'
import { upToDate } from './shape-parts.ts'

/** More is made for each client as it takes it, so that a slow one holds no more than this. */
const SHARED_LENGTH = 128 * 1024

/** Messages as server-sent events; those of a commit are made once for all clients that are sent them. */
export class EventFrames {
  #last: { shape: WeakRef<Shape>; read: LogRead; frames: readonly Buffer[] } | null = null

  ofLog(shape: Shape, read: LogRead): Iterable<Buffer> {
    const last = this.#last
    if (last && last.shape.deref() === shape && isSame(last.read, read)) return last.frames
    // The client makes its position of this: a larger one would lie beyond the end of the log.
    const end = read.reachesEnd ? [upToDate(read.end.tx)] : []
    const messages = shape.log.messages(read)
    if (!messages || !isShort(messages)) return toFrames(then(messages ? [messages] : shape.pages(read), end))
    const frames = [...toFrames([messages, end])]
    this.#last = { shape: new WeakRef(shape), read, frames }
    return frames
  }
}

/** Of a chunk of a snapshot, which no client reads live before it has read all of it. */
export async function framesOfBody(body: Body): Promise<Buffer> {
  const messages: unknown[] = JSON.parse(String(Buffer.isBuffer(body) ? body : await gather(body.open())))
  return Buffer.from(messages.map((message) => toFrame(JSON.stringify(message))).join(''))
}

async function gather(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const gathered: Buffer[] = []
  for await (const chunk of chunks) gathered.push(Buffer.from(chunk)) // its buffer is used again
  return Buffer.concat(gathered)
}

function isShort(messages: readonly string[]): boolean {
  let length = 0
  for (const message of messages) length += message.length
  return length < SHARED_LENGTH
}

function* then<Item>(items: Iterable<Item>, last: Item): Iterable<Item> {
  yield* items
  yield last
}

function* toFrames(pages: Iterable<readonly string[]>): Iterable<Buffer> {
  let text = ''
  for (const page of pages) {
    for (const message of page) {
      text += toFrame(message)
      if (text.length < SHARED_LENGTH) continue
      yield Buffer.from(text)
      text = ''
    }
  }
  if (text !== '') yield Buffer.from(text)
}

// No message has a line end: JSON escapes them.
function toFrame(message: string): string {
  return `data: ${message}\n\n`
}

function isSame(a: LogRead, b: LogRead): boolean {
  return (
    a.after.op === b.after.op && a.after.tx === b.after.tx && a.end.op === b.end.op && a.end.tx === b.end.tx
  )
}
