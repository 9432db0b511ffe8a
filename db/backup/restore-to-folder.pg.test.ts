import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { seed } from '../seed.ts'
import { testDatabase } from '../testing.ts'
import { backupDatabase } from './backup.ts'
import { restoreToFolder } from './restore-to-folder.ts'
import { temporaryPlace } from './testing.ts'

test('a stopped restore leaves the data folder as it was, and nothing beside it, also of one that was killed', async () => {
  const source = await testDatabase()
  await using place = await temporaryPlace()
  await seed(source.db)
  await backupDatabase(source.ownerUrl, place.file, { productVersion: '0.0.0' })
  const home = join(dirname(place.file), 'home')
  const folder = {
    dataDir: join(home, 'postgres'),
    logFile: join(home, 'log'),
    password: 'p',
    database: 'throughline',
  }
  // Of another PostgreSQL, with what a killed restore left beside it.
  for (const name of ['postgres', 'postgres.restoring-0123abcd'])
    await mkdir(join(home, name), { recursive: true })
  await writeFile(join(folder.dataDir, 'PG_VERSION'), '14\n')
  await writeFile(join(folder.dataDir, 'precious'), 'rows')

  const stopped = new AbortController()
  const refused = restoreToFolder(folder, place.file, {
    signal: stopped.signal,
    onProgress: ({ step }) => {
      if (step === 'Loading') stopped.abort()
    },
  })
  await expect(refused).rejects.toThrow()
  expect((await readdir(home)).sort()).toEqual(['log', 'postgres'])
  expect(await readFile(join(folder.dataDir, 'precious'), 'utf8')).toBe('rows')

  await source.close()
})
