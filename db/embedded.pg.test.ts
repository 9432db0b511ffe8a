import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmbeddedPostgres } from './embedded.ts'

test('a password that is not the data folder’s is told at once, and no server is left running', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'throughline-embedded-'))
  const options = { dataDir: join(folder, 'postgres'), logFile: join(folder, 'log'), unsafeFast: true }
  const server = await startEmbeddedPostgres({ ...options, password: 'right' })
  await server.stop()
  const refused = startEmbeddedPostgres({ ...options, password: 'wrong' })
  await expect(refused).rejects.toThrow('with another password of its owner than the one in secrets.json')
  const again = await startEmbeddedPostgres({ ...options, password: 'right' })
  await again.stop()
  await rm(folder, { recursive: true })
})
