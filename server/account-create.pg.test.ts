import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { createBrowser } from './auth/testing.ts'

const PROGRAM = fileURLToPath(new URL('account-create.ts', import.meta.url))
const PASSWORD = 'correct horse battery'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

async function run(
  args: string[],
  input: string,
  where: NodeJS.ProcessEnv = { DATABASE_URL: database.ownerUrl },
) {
  const env = { PATH: process.env.PATH, ...where }
  const program = spawn(process.execPath, [PROGRAM, ...args], { env, stdio: 'pipe' })
  program.stdin.end(input)
  const [out, err, [code]] = await Promise.all([
    text(program.stdout),
    text(program.stderr),
    once(program, 'close'),
  ])
  return { code, out, err }
}

const person = ['--email', 'first@example.com', '--name', 'First']

test('the first account is made on the command line and signs in; the same email again is refused', async () => {
  const made = await run([...person, '--password-stdin'], `${PASSWORD}\n`)
  expect([made.code, made.err]).toEqual([0, ''])
  const browser = createBrowser(database.db)
  const { status, body } = await browser.signIn('first@example.com', PASSWORD)
  expect(status).toBe(200)
  expect(made.out).toBe(`Created the account ${body.account_id} for first@example.com.\n`)

  const again = await run([...person, '--password-stdin'], PASSWORD)
  expect([again.code, again.out, again.err]).toEqual([
    1,
    '',
    'There is already an account with the email first@example.com.\n',
  ])
})

test.each([
  ['a short password', [...person, '--password-stdin'], 'short', /password must have at least 12 characters/],
  ['no terminal to ask at', person, '', /give --email, --name and --password-stdin/],
  [
    'no real email',
    ['--email', 'x', '--name', 'X', '--password-stdin'],
    PASSWORD,
    /email must be an email address/,
  ],
])('%s is refused in one line, without the password', async (_, args, input, message) => {
  const { code, out, err } = await run(args, input)
  expect([code, out]).toEqual([1, ''])
  expect(err).toMatch(message)
  expect(err.trim().split('\n')).toHaveLength(1)
  expect(err).not.toContain(PASSWORD)
})

test('a data folder of another PostgreSQL is refused in sentences, without a stack', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'throughline-'))
  await mkdir(join(folder, 'postgres'))
  await writeFile(join(folder, 'postgres', 'PG_VERSION'), '11\n')
  const { code, err } = await run([...person, '--password-stdin'], PASSWORD, { DATA_DIR: folder })
  await rm(folder, { recursive: true })
  expect(code).toBe(1)
  expect(err).toMatch(/^The data folder .* was made by PostgreSQL 11/)
  expect(err).not.toMatch(/\n\s+at /)
})
