import { readFile } from 'node:fs/promises'
import { expect, test } from 'playwright/test'

// What the build put into the browser's bundle, written by the build itself (vite.config.ts).

const FORBIDDEN_PACKAGES = [
  'better-auth',
  'drizzle-orm',
  'jose',
  'pg',
  'pg-logical-replication',
  'pino',
  'postgres',
  'srvx',
]

test('of our folders only app, db/inputs and the calls of server functions reach the browser', async () => {
  const ours = (await clientModules()).filter((module) => !module.includes('node_modules/'))
  expect(ours.some((module) => module.startsWith('app/'))).toBe(true)
  expect(ours.filter((module) => !/^(app|db\/inputs|server\/functions)\//.test(module))).toEqual([])
})

test('no package of the server reaches the browser', async () => {
  const packages = (await clientModules()).flatMap(
    (module) => module.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? [],
  )
  expect(packages).toContain('react-dom')
  expect(packages.filter((name) => FORBIDDEN_PACKAGES.includes(name))).toEqual([])
})

async function clientModules(): Promise<string[]> {
  return JSON.parse(await readFile('dist/client-modules.json', 'utf8')) as string[]
}
