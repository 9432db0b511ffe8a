import type { Body } from './body.ts'
import type { Shape } from './shape.ts'
import type { LogRead } from './shape-log.ts'
import { upToDate } from './shape-parts.ts'

/** Messages as server-sent events; those of each commit are made once for all clients that are sent them. */
export class EventFrames {
  #last: { shape: WeakRef<Shape>; read: LogRead; frames: readonly Buffer[] } | null = null

  ofLog(shape: Shape, read: LogRead): Iterable<Buffer> {
    const last = this.#last
    if (last && last.shape.deref() === shape && isSame(last.read, read)) return last.frames
    // The client makes its position of this: a larger one would lie beyond the end of the log.
    const end = read.reachesEnd ? [upToDate(read.end.tx)] : []
    const messages = shape.log.messages(read)
    if (!messages) return framesOfPages(shape.pages(read), end)
    const frames = [toFrames([...messages, ...end])]
    this.#last = { shape: new WeakRef(shape), read, frames }
    return frames
  }
}

// What is no longer in memory is read as it is taken.
function* framesOfPages(pages: Iterable<readonly string[]>, end: readonly string[]): Iterable<Buffer> {
  for (const page of pages) yield toFrames(page)
  if (end.length > 0) yield toFrames(end)
}

/** Of a chunk of a snapshot, which no client reads live before it has read all of it. */
export async function framesOfBody(body: Body): Promise<Buffer> {
  const messages: unknown[] = JSON.parse(String(Buffer.isBuffer(body) ? body : await gather(body.open())))
  return toFrames(messages.map((message) => JSON.stringify(message)))
}

async function gather(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const gathered: Buffer[] = []
  for await (const chunk of chunks) gathered.push(chunk)
  return Buffer.concat(gathered)
}

// No message has a line end: JSON escapes them.
function toFrames(messages: readonly string[]): Buffer {
  return Buffer.from(messages.map((message) => `data: ${message}\n\n`).join(''))
}

function isSame(a: LogRead, b: LogRead): boolean {
  return (
    a.after.op === b.after.op && a.after.tx === b.after.tx && a.end.op === b.end.op && a.end.tx === b.end.tx
  )
}
