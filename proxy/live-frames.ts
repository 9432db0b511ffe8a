/**
 * The format of `POST /api/live`'s answer: many shapes' answers, one after another, on one stream.
 *
 *     frame     = head-line body
 *     head-line = {"i": entry id, "s": status, "h": {header: value}, "n": bytes of body} LF
 *     body      = n raw bytes, exactly what `GET /api/shapes/…` would have answered
 *     heartbeat = LF, between frames only: at once, and every ten seconds
 *
 * A frame whose status is not 200 is its entry's last. The body stands outside the JSON because inside it a large
 * answer costs a quarter more bytes and several times the work on both sides. app/sync/live-frames.ts reads it.
 */
export interface LiveFrame {
  id: string
  status: number
  headers: Headers
  body: Uint8Array
}

export const HEARTBEAT: Uint8Array<ArrayBuffer> = new TextEncoder().encode('\n')

export function encodeFrame({ id, status, headers, body }: LiveFrame): Uint8Array<ArrayBuffer> {
  const head = { i: id, s: status, h: Object.fromEntries(headers), n: body.byteLength }
  const line = new TextEncoder().encode(`${JSON.stringify(head)}\n`)
  const frame = new Uint8Array(line.byteLength + body.byteLength)
  frame.set(line)
  frame.set(body, line.byteLength)
  return frame
}
