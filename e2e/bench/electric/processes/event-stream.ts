import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { Position } from '../../processes/follow-shape.ts'

/** @param onPart gets whole lines. @returns how to end it. @throws Error when the answer is no event stream */
export async function openEventStream(
  port: number,
  { path, handle, offset }: Position,
  onPart: (part: Buffer) => void,
  onFailure: (error: Error) => void,
): Promise<() => void> {
  const query = `&handle=${handle}&offset=${offset}&live=true&live_sse=true`
  const request = get({ host: '127.0.0.1', port, path: `${path}${query}`, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage] // what the event carries
  const type = response.headers['content-type'] ?? ''
  if (response.statusCode !== 200 || !type.startsWith('text/event-stream')) {
    request.destroy()
    throw new Error(`SSE is not supported: answered with ${response.statusCode}, ${type}.`)
  }
  let rest: Buffer = Buffer.alloc(0)
  response.on('data', (part: Buffer) => {
    const bytes = rest.length === 0 ? part : Buffer.concat([rest, part])
    const end = bytes.lastIndexOf('\n') + 1
    rest = bytes.subarray(end)
    if (end > 0) onPart(bytes.subarray(0, end))
  })
  response.on('error', onFailure)
  response.on('end', () => onFailure(new Error('The server ended the event stream.')))
  return () => {
    response
      .removeAllListeners('end')
      .removeAllListeners('error')
      .on('error', () => {})
    request.destroy()
  }
}
