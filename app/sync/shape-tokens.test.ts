import { createServer } from 'node:http'
import { expect, it } from 'vitest'
import { createShapeTokens } from './shape-tokens.ts'

it('asks again after a request for a token whose answer never came', { timeout: 60_000 }, async () => {
  let asked = 0
  const server = createServer((_, response) => {
    asked++
    if (asked > 1) response.end(JSON.stringify({ token: 'second', expires_in: 300 }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const tokens = createShapeTokens({ fetch, url: `http://127.0.0.1:${port}`, timeoutMs: 100 })
  try {
    await expect(tokens.get(null)).rejects.toThrow()
    const ask = () => tokens.get(null).then(({ token }) => token, String)
    await expect.poll(ask, { timeout: 30_000 }).toBe('second')
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})
