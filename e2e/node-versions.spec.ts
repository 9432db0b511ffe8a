import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { expect, test } from 'playwright/test'
import { freePort } from '#db/embedded.ts'
import { isHealthy, runNode, runToEnd, until } from './stack.ts'

// Every command works where the only Node is the oldest that is promised.

const OLD_NODE = resolve('node_modules', `node-20-${process.platform}-${process.arch}`, 'bin', 'node')
const TOOLS = ['cat', 'env', 'ps', 'sh', 'tar', 'unshare']

let folder: string
let env: Record<string, string>
test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'throughline-e2e-'))
  const bin = join(folder, 'bin')
  await mkdir(bin)
  for (const tool of TOOLS) {
    const found = (process.env.PATH ?? '')
      .split(delimiter)
      .map((path) => join(path, tool))
      .find(existsSync)
    if (found) await symlink(found, join(bin, tool))
  }
  if (existsSync(OLD_NODE)) await symlink(OLD_NODE, join(bin, 'node'))
  env = { PATH: bin, DATA_DIR: join(folder, 'data'), PORT: String(await freePort()) }
})
test.afterAll(() => rm(folder, { recursive: true, force: true }))

async function scripts(): Promise<Record<string, string>> {
  return (JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> }).scripts
}

test('every script goes through the launcher, to a program that is there', async () => {
  for (const [name, script] of Object.entries(await scripts())) {
    expect(script, name).toMatch(/^node bin\/launch\.mjs \S+/)
    expect(existsSync(script.split(' ')[2] ?? ''), `${name}: ${script}`).toBe(true)
  }
})

test('the oldest Node that is promised cannot run our programs by itself', async () => {
  skipWithoutOldNode()
  const alone = await runToEnd(['server/db-command.ts'], env, { command: OLD_NODE })
  expect(alone.code).not.toBe(0)
  expect(alone.output).toContain('ERR_UNKNOWN_FILE_EXTENSION')
})

const RUNS: [script: string, args: string[], code: number, says: string][] = [
  ['db:migrate', [], 0, 'The database is at this release’s schema.'],
  ['db:seed', [], 0, 'Seeded'],
  ['import', ['--', '--help'], 0, 'viewer'],
  ['account:create', ['--', '--help'], 0, '--email'],
  ['test:soak', ['--', '--help'], 0, '--seed'],
  ['electric', [], 1, 'DATABASE_URL is not set'],
  ['db:generate', ['--', '--help'], 0, '--config'],
  ['db:reset', [], 0, 'The embedded database is gone'],
]
for (const [script, args, code, says] of RUNS) {
  test(`npm run ${[script, ...args].join(' ')} works with Node 20.19 alone`, async () => {
    skipWithoutOldNode()
    const done = await runToEnd([...(await programOf(script)), ...args.slice(1)], env, { command: OLD_NODE })
    expect(done.output).toContain(says)
    expect(done.code).toBe(code)
  })
}

for (const script of ['start', 'dev']) {
  test(`npm run ${script} starts and stops with Node 20.19 alone`, async () => {
    skipWithoutOldNode()
    const started = runNode(await programOf(script), env, { command: OLD_NODE })
    await until(
      async () => started.child.exitCode !== null || (await isHealthy(`http://localhost:${env.PORT}`)),
      60_000,
      started.output,
    )
    await until(() => started.output().includes('is running'), 60_000, started.output)
    started.child.kill('SIGINT')
    expect(await started.ended).toBe(0)
  })
}

function skipWithoutOldNode(): void {
  test.skip(!existsSync(OLD_NODE), `npm has no Node 20.19 for ${process.platform}-${process.arch}`)
}

async function programOf(script: string): Promise<string[]> {
  const [, ...args] = ((await scripts())[script] ?? '').split(' ')
  return args
}
