import type { BodyStream } from './body.ts'
import type { Exchange } from './exchange.ts'

/** A caller that takes nothing for so long is given up: what it is sent stands in memory until then. */
export const STALLED_AFTER_MS = 60_000

/**
 * Writes a body as fast as it is taken. The head goes out with the first bytes, so that a failure before them
 * can still be told.
 * @throws what the body throws
 */
export async function streamBody(
  exchange: Exchange,
  status: number,
  head: string[],
  body: BodyStream,
): Promise<void> {
  const chunks = body.open()[Symbol.asyncIterator]()
  try {
    let next = await chunks.next()
    if (exchange.isGone) return
    exchange.writeHead(status, head)
    exchange.socket?.setTimeout(STALLED_AFTER_MS)
    while (!next.done && !exchange.isGone) {
      await written(exchange, next.value)
      next = await chunks.next()
    }
    exchange.end()
  } finally {
    await chunks.return?.()
  }
}

/** Resolves when the bytes left memory, or nobody takes them any more: then the body may use their buffer again. */
function written(exchange: Exchange, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      exchange.off('close', settle)
      resolve()
    }
    exchange.on('close', settle)
    exchange.write(bytes, settle)
  })
}
