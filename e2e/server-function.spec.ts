import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'playwright/test'
import { v7 as uuidv7 } from 'uuid'
import { createSession, localPerson, type Person } from './people.ts'
import { type RawAnswer, send } from './raw-http.ts'
import { type Stack, startStack } from './stack.ts'

// The built door of the interface, called the way its own script calls it.

let stack: Stack
let owner: Person
let address: string
test.beforeAll(async () => {
  stack = await startStack()
  owner = await localPerson(stack.url)
  address = await addressOfMutate()
})
test.afterAll(() => stack?.stop())

async function addressOfMutate(): Promise<string> {
  const folder = 'dist/client/assets'
  for (const name of await readdir(folder)) {
    const [, id] =
      /method:[`"']POST[`"']\}\)\.handler\(\w+\([`"']([0-9a-f]{64})/.exec(
        await readFile(`${folder}/${name}`, 'utf8'),
      ) ?? []
    if (id) return `/_serverFn/${id}`
  }
  throw new Error('No script calls a server function by POST.')
}

// Plain values in the framework's notation: 1 is text, 10 an object of keys and values.
const textNode = (s: string) => ({ t: 1, s })
const objectNode = (i: number, entries: [string, object][]) => ({
  t: 10,
  i,
  p: { k: entries.map(([key]) => key), v: entries.map(([, value]) => value) },
  o: 0,
})

function call(data: Record<string, string>): Promise<RawAnswer> {
  const fields = Object.entries(data).map(([key, value]): [string, object] => [key, textNode(value)])
  const payload = { t: objectNode(0, [['data', objectNode(1, fields)]]), f: 63, m: [] }
  const headers = {
    cookie: owner.cookie,
    origin: stack.url,
    'x-tsr-serverfn': 'true',
    accept: 'application/json',
    'content-type': 'application/json',
  }
  return send(stack.url, { path: address, method: 'POST', headers, body: JSON.stringify(payload) })
}

test('a change is applied once through the built server function', async () => {
  const id = await createSession(owner, 'Before')
  const change = { id: uuidv7(), name: 'sessions.rename', input: JSON.stringify({ id, title: 'After' }) }
  const [first, again] = [await call(change), await call(change)]
  expect(first.status).toBe(200)
  expect(first.body).toContain('txid')
  expect(again.body).toBe(first.body)
})

test('a call that is none is invalid, and nothing more', async () => {
  const { status, body } = await call({ name: 'sessions.rename' })
  expect(status).toBe(200)
  expect(body).toContain('"invalid"')
  expect(body).not.toContain('unavailable')
})

test('a body over the server’s own limit ends as 413', async () => {
  const { status } = await call({ id: uuidv7(), name: 'x', input: 'x'.repeat(11 * 1024 * 1024) })
  expect(status).toBe(413)
})
