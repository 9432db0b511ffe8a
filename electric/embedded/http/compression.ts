import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'

const pack = promisify(gzip)

// Below this it would save no packet.
const MIN_BYTES = 1_024

// A thousand clients who are sent the same bytes are sent the same packed ones. By what the bytes lie in,
// because parts of a snapshot are cut out of one buffer anew for each who reads them.
const packed = new WeakMap<ArrayBufferLike, Map<string, Buffer | Promise<Buffer>>>()

export function isWorthPacking(body: Buffer): boolean {
  return body.length >= MIN_BYTES
}

/** Fast rather than small: a client waits for it. */
export function gzipped(body: Buffer): Buffer | Promise<Buffer> {
  const parts = packed.get(body.buffer) ?? new Map<string, Buffer | Promise<Buffer>>()
  packed.set(body.buffer, parts)
  const key = `${body.byteOffset} ${body.length}`
  const known = parts.get(key)
  if (known) return known
  const packing = pack(body, { level: constants.Z_BEST_SPEED + 2 }).then((result) => {
    parts.set(key, result)
    return result
  })
  parts.set(key, packing)
  return packing
}
