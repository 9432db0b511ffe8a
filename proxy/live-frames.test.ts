import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LiveFrameDecoder, LiveFrameError } from '#app/sync/live-frames.ts'
import { encodeFrame, HEARTBEAT, type LiveFrame } from './live-frames.ts'

const frame: fc.Arbitrary<LiveFrame> = fc.record({
  id: fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }),
  status: fc.integer({ min: 200, max: 599 }),
  headers: fc
    .dictionary(fc.stringMatching(/^[a-z-]{1,12}$/), fc.stringMatching(/^[!-~]{0,20}$/))
    .map((each) => new Headers(each)),
  body: fc.uint8Array({ maxLength: 300 }),
})
const withHeartbeats = fc.array(fc.oneof(frame, fc.constant(null)), { maxLength: 12 })

function bytesOf(items: (LiveFrame | null)[]): Uint8Array {
  return Uint8Array.from(items.flatMap((item) => [...(item ? encodeFrame(item) : HEARTBEAT)]))
}

function chunked(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const at = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b)
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}

const plain = ({ id, status, headers, body }: LiveFrame) => ({
  id,
  status,
  headers: Object.fromEntries(headers),
  body: [...body],
})

describe('the frames of the live stream', () => {
  it('arrive as they were sent, wherever the network cuts the stream', () => {
    fc.assert(
      fc.property(withHeartbeats, fc.array(fc.nat(), { maxLength: 20 }), (items, cuts) => {
        const decoder = new LiveFrameDecoder()
        const received = chunked(bytesOf(items), cuts).flatMap((chunk) => decoder.push(chunk))
        expect(received.map(plain)).toEqual(items.filter((item) => item !== null).map(plain))
      }),
    )
  })

  it('are complete or absent when the stream ends early, never cut short', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 5 }), fc.nat(), (frames, cut) => {
        const bytes = bytesOf(frames)
        const decoder = new LiveFrameDecoder()
        const received = decoder.push(bytes.subarray(0, cut % bytes.length))
        expect(received.map(plain)).toEqual(frames.slice(0, received.length).map(plain))
        expect(received.length).toBeLessThan(frames.length)
      }),
    )
  })

  it.each([
    ['no JSON', 'hello\n'],
    ['no object', '7\n'],
    ['null', 'null\n'],
    ['no id', '{"s":200,"h":{},"n":0}\n'],
    ['a status that is none', '{"i":"a","s":20,"h":{},"n":0}\n'],
    ['a negative length', '{"i":"a","s":200,"h":{},"n":-1}\n'],
    ['half a byte', '{"i":"a","s":200,"h":{},"n":1.5}\n'],
    ['a length beyond all reason', '{"i":"a","s":200,"h":{},"n":1e15}\n'],
    ['a header that is none', '{"i":"a","s":200,"h":{"a b":"c"},"n":0}\n'],
    ['a line without end', 'x'.repeat(70_000)],
    ['bytes that are no text', '\u{ff}\n'],
  ])('with %s are refused', (_what, text) => {
    const bytes = Uint8Array.from([...text].map((char) => char.charCodeAt(0)))
    expect(() => new LiveFrameDecoder().push(bytes)).toThrow(LiveFrameError)
  })

  it('made of garbage are refused or waited for, nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
        const decoder = new LiveFrameDecoder()
        try {
          for (const chunk of chunks) decoder.push(chunk)
        } catch (error) {
          expect(error).toBeInstanceOf(LiveFrameError)
        }
      }),
    )
  })
})
