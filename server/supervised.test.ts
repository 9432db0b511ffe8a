import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { type Supervised, supervise } from './supervised.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function startProgram(source: string, logFolder: string): Promise<{ lines: string[]; log: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'supervised-'))
  closing.push(() => rm(folder, { recursive: true, force: true }))
  const script = join(folder, 'program.mjs')
  await writeFile(script, source)
  const log = join(folder, logFolder, 'program.log')
  const lines: string[] = []
  const program: Supervised = supervise({
    name: 'program',
    script,
    env: process.env,
    logFile: log,
    report: (line) => lines.push(line),
  })
  closing.push(() => program.stop())
  return { lines, log }
}

it('starts a program again that ended by itself', async () => {
  const { lines, log } = await startProgram('console.log("alive"); process.exit(3)', '.')
  await expect.poll(() => readFile(log, 'utf8').catch(() => ''), { timeout: 10_000 }).toMatch(/(alive\n){2}/)
  expect(lines[0]).toMatch(/^program ended \(exit 3\)/)
})

it('tries again later when a program cannot be started at all', async () => {
  const { lines, log } = await startProgram('console.log("alive"); setInterval(() => {}, 1000)', 'gone')
  await expect.poll(() => lines.length, { timeout: 10_000 }).toBeGreaterThan(0)
  expect(lines[0]).toMatch(/ENOENT/)
  await mkdir(join(log, '..'))
  await expect.poll(() => readFile(log, 'utf8').catch(() => ''), { timeout: 10_000 }).toBe('alive\n')
})
