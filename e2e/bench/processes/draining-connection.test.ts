import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DrainingConnection } from './draining-connection.ts'

const SIZES = [0, 1, 300_000, 70_000]

const server = createServer(({ url = '' }, response) => {
  const sizes = url.endsWith('none') ? [] : SIZES
  if (url.startsWith('/missing')) return response.writeHead(404).end()
  const length = sizes.reduce((sum, size) => sum + size, 0)
  response.writeHead(200, url.startsWith('/known') ? { 'content-length': length } : {})
  for (const size of sizes) if (size > 0) response.write(Buffer.alloc(size, '\r\n0'))
  response.end()
})
let connection: DrainingConnection
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  connection = new DrainingConnection((server.address() as AddressInfo).port) // of a TCP server
})
afterAll(() => {
  connection.close()
  server.close()
})

test('the size of a body is the same in chunks, of known length and without any', async () => {
  expect(await connection.get('/chunks')).toBe(370_001)
  expect(await connection.get('/known')).toBe(370_001)
  expect(await connection.get('/chunks/none')).toBe(0)
  expect(await connection.get('/known/none')).toBe(0)
  expect(await connection.get('/chunks')).toBe(370_001)
})

test('another status than 200 is an error', async () => {
  await expect(connection.get('/missing')).rejects.toThrow('404')
})
