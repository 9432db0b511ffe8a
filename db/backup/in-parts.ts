/** The same bytes in parts of at most `size`. */
export async function* inParts(chunks: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let length = 0
  for await (let chunk of chunks) {
    while (length + chunk.length >= size) {
      const fitting = size - length
      yield Buffer.concat([...held, chunk.subarray(0, fitting)])
      chunk = chunk.subarray(fitting)
      held = []
      length = 0
    }
    held.push(chunk)
    length += chunk.length
  }
  if (length > 0) yield Buffer.concat(held)
}
