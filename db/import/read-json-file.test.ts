import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ImportStopped } from './import-stopped.ts'
import { readJsonFile } from './read-json-file.ts'
import { temporaryFolder } from './testing.ts'

const NAME = 'chat-messages.json'

test('a file that is not there is reported as missing, not refused', async () => {
  await using place = await temporaryFolder({})
  const { summary, elements } = await readJsonFile(place.folder, NAME)
  expect(summary).toEqual({ name: NAME, missing: true, bytes: 0, sha256: null, records: 0 })
  expect(elements).toEqual([])
})

test('a byte order mark before the list does no harm', async () => {
  await using place = await temporaryFolder({ messages: '\ufeff[{"id":"a"}]' })
  expect((await readJsonFile(place.folder, NAME)).elements).toEqual([
    { value: { id: 'a' }, raw: '{"id":"a"}' },
  ])
})

test.each([
  [
    'a Git LFS pointer',
    'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 314\n',
    'Git LFS pointer',
  ],
  ['a file cut in its middle', '[{"id":"a"},{"id"', 'line 1, column 18: it ends in the middle of record 2'],
  ['an object', '{}', 'line 1, column 1: it is not a list of records'],
  ['an empty file', '', 'it is empty'],
])('%s is refused, naming the file and the place', async (_, text, problem) => {
  await using place = await temporaryFolder({ messages: text })
  const reading = readJsonFile(place.folder, NAME)
  await expect(reading).rejects.toThrow(ImportStopped)
  await expect(reading).rejects.toThrow(`${NAME}: `)
  await expect(reading).rejects.toThrow(problem)
})

test('a file that is no UTF-8 is refused, naming the first bad byte', async () => {
  await using place = await temporaryFolder({})
  const bytes = Buffer.concat([Buffer.from('[{"id":"é'), Buffer.from([0xff]), Buffer.from('"}]')])
  await writeFile(join(place.folder, NAME), bytes)
  await expect(readJsonFile(place.folder, NAME)).rejects.toThrow('byte 11 is not UTF-8')
  await writeFile(join(place.folder, NAME), bytes.subarray(0, 9))
  await expect(readJsonFile(place.folder, NAME)).rejects.toThrow('byte 9 is not UTF-8')
})

test('a folder in the place of a file is refused', async () => {
  await using place = await temporaryFolder({})
  await mkdir(join(place.folder, NAME))
  await expect(readJsonFile(place.folder, NAME)).rejects.toThrow('it is not a file')
})

test('a file that may not be read is refused', async ({ skip }) => {
  skip(process.getuid?.() === 0, 'root may read every file')
  await using place = await temporaryFolder({ messages: [] })
  await chmod(join(place.folder, NAME), 0o000)
  await expect(readJsonFile(place.folder, NAME)).rejects.toThrow('it cannot be read (EACCES)')
})
