import { AppError } from '#server/errors.ts'
import { followShape, type LiveOutput } from './follow-shape.ts'
import { encodeFrame, HEARTBEAT } from './live-frames.ts'
import { readLiveRequest } from './live-request.ts'
import { type ProxyContext, proxyState } from './process-state.ts'

const HEARTBEAT_EVERY_MS = 10_000
const ROOM_BYTES = 64 * 1024

/**
 * `POST /api/live` with all the shapes that a page follows, each with its own token: one streaming answer carries what
 * happens in any of them (format: live-frames.ts). A browser has six HTTP/1.1 connections for an origin, and a page
 * follows more shapes than that. The request holds everything, so any app instance can take it over from any other.
 * @throws AppError method_not_allowed, too_large, invalid, unavailable.
 */
export async function serveLive(ctx: ProxyContext, request: Request): Promise<Response> {
  if (request.method !== 'POST') {
    throw new AppError('method_not_allowed', `${request.method} is not allowed here; use POST.`)
  }
  const entries = await readLiveRequest(request)
  const state = await proxyState(ctx)
  const gone = new AbortController()
  const caller = AbortSignal.any([request.signal, gone.signal])
  const { readable, output, beat, close, abandon } = openOutput(() => gone.abort())
  caller.addEventListener('abort', abandon, { once: true })
  beat() // at once, so that the browser knows that nothing on the way holds the stream back
  const heart = setInterval(beat, HEARTBEAT_EVERY_MS).unref()
  void Promise.allSettled(entries.map((entry) => followShape(ctx, state, entry, output, caller))).then(() => {
    clearInterval(heart)
    close()
  })
  return new Response(readable, {
    headers: {
      'content-type': 'application/octet-stream',
      'cache-control': 'private, no-store, no-transform',
      'x-accel-buffering': 'no',
    },
  })
}

function openOutput(onFinished: () => void) {
  const pipe = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>(
    undefined,
    undefined,
    new ByteLengthQueuingStrategy({ highWaterMark: ROOM_BYTES }),
  )
  const writer = pipe.writable.getWriter()
  // Closed at the end, or cancelled by a reader that went away.
  writer.closed.then(onFinished, onFinished)
  let turn: Promise<unknown> = Promise.resolve()
  const output: LiveOutput = {
    send: (makeFrame) => {
      const sending = turn.then(async () => {
        await writer.ready
        await writer.write(encodeFrame(await makeFrame()))
      })
      turn = sending.catch(() => {})
      return sending
    },
  }
  return {
    readable: pipe.readable,
    output,
    /** Left out while the reader is behind: it has bytes to read anyway. */
    beat: () => {
      if ((writer.desiredSize ?? 0) > 0) writer.write(HEARTBEAT).catch(() => {})
    },
    close: () => void writer.close().catch(() => {}),
    abandon: () => void writer.abort().catch(() => {}),
  }
}
