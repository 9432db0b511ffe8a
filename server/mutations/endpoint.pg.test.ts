import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { connect } from '#db/client.ts'
import { freePort } from '#db/embedded.ts'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { createLog } from '../log.ts'
import { type EndpointOptions, MAX_BODY_BYTES, type MutationsBody, mutationsEndpoint } from './endpoint.ts'
import { logRefusal } from './log-refusal.ts'
import { everything, makeWorld, outcome, type World } from './testing.ts'

let database: TestDatabase
let world: World
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  world = await makeWorld(database.db)
})

function post(body: BodyInit, options: EndpointOptions = {}, db = database.db): Promise<Response> {
  const request = new Request('http://localhost/api/mutations', { method: 'POST', body })
  return mutationsEndpoint(db, { accountId: world.editor }, request, options)
}
async function results(mutations: unknown[], options?: EndpointOptions): Promise<MutationsBody['results']> {
  const answer: MutationsBody = await (await post(JSON.stringify({ mutations }), options)).json()
  return answer.results
}
function send(content: string, id = uuidv7()) {
  const { session_id, thread_id } = world
  return { id: uuidv7(), name: 'chat_messages.send', input: { id, session_id, thread_id, content } }
}

test('a batch is applied in order, each with a result of its own, and the answer names the build', async () => {
  const message = uuidv7()
  const batch = [
    send('made', message),
    send(''),
    { id: uuidv7(), name: 'chat_messages.edit', input: { id: message, content: 'changed' } },
  ]
  const response = await post(JSON.stringify({ mutations: batch }), { build: 'abc' })
  expect(response.headers.get('cache-control')).toBe('private, no-store')
  const answer: MutationsBody = await response.json()
  expect(answer.build).toBe('abc')
  expect(answer.results).toMatchObject([
    { id: batch[0]?.id, ok: true, awaits: 'chat_messages' },
    { id: batch[1]?.id, ok: false, error: { code: 'invalid', fields: { content: ['must not be empty'] } } },
    { id: batch[2]?.id, ok: true, awaits: 'chat_messages' },
  ])
})

test.each([
  ['no JSON', '{"mutations": [', 'invalid'],
  ['no list', '{"mutations": {}}', 'invalid'],
  ['nothing', '', 'invalid'],
  ['null', 'null', 'invalid'],
  ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'invalid'],
  ['101 mutations', JSON.stringify({ mutations: Array(101).fill({}) }), 'invalid'],
  ['more than 8 MB', `"${' '.repeat(MAX_BODY_BYTES)}"`, 'too_large'],
])('a body of %s is refused as a whole', async (_, body, code) => {
  const before = await everything(database.db)
  expect(await outcome(post(body))).toBe(code)
  expect(await everything(database.db)).toEqual(before)
})

test('what is no mutation is refused alone, and each refusal is told of once', async () => {
  const told: unknown[] = []
  const refused = await results(
    [
      { id: uuidv7(), name: 'sessions.steal', input: {} },
      { id: uuidv7(), name: 'toString', input: {} },
      { id: uuidv7(), name: '__proto__', input: {} },
      { id: 'not a uuid', name: 'sessions.create', input: { id: uuidv7(), title: 'New' } },
      { name: 7 },
      {},
    ],
    { onRefusal: (error, { name }) => told.push([error.code, name]) },
  )
  expect(refused.map((result) => result.ok || result.error.code)).toEqual(Array(6).fill('invalid'))
  expect(told).toEqual([
    ['invalid', 'sessions.steal'],
    ['invalid', 'toString'],
    ['invalid', '__proto__'],
    ['invalid', 'sessions.create'],
    ['invalid', 7],
    ['invalid', undefined],
  ])
})

test.each(['constructor', 'toString', '__proto__'])(
  'a field named %s is refused like any other',
  async (name) => {
    const body = `{"mutations":[{"id":"${uuidv7()}","name":"sessions.create","input":{"${name}":1}}]}`
    const text = await (await post(body)).text()
    expect(JSON.parse(text).results).toMatchObject([{ ok: false, error: { code: 'invalid' } }])
    expect(text).toContain(`"${name}":["is not a field"]`)
  },
)

test('what was sent is echoed only so far', async () => {
  const long = 'x'.repeat(100_000)
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`${i}${long.slice(0, 200)}`, 1]))
  const deep = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`)
  const lines: string[] = []
  const log = createLog('info', { write: (line) => lines.push(line) })
  const refused = await results(
    [
      { id: long, name: long, input: {} },
      { id: uuidv7(), name: 'sessions.create', input: { [long]: 1 } },
      { id: uuidv7(), name: 'sessions.create', input: many },
      { id: deep, name: deep, input: {} },
      { id: { toString: 1 }, name: { toString: 1 }, input: {} },
    ],
    { onRefusal: logRefusal(log) },
  )
  expect(refused.map((result) => result.ok || result.error.code)).toEqual(Array(5).fill('invalid'))
  for (const result of refused) expect(JSON.stringify(result).length).toBeLessThan(5_000)
  expect(lines).toHaveLength(5)
  for (const line of lines) expect(line.length).toBeLessThan(1_000)
})

test('values that nest without end are refused, not followed', async () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
  const { session_id } = world
  const input = `{"id":"${uuidv7()}","session_id":"${session_id}","thread_id":null,"tool_name":"t","arguments":${deep}}`
  const body = `{"mutations":[{"id":"${uuidv7()}","name":"chat_tool_events.start","input":${input}}]}`
  const answer: MutationsBody = await (await post(body)).json()
  expect(answer.results).toMatchObject([{ ok: false, error: { code: 'invalid' } }])
})

test('one id has one spelling: in capitals it is the same mutation and the same row', async () => {
  const sent = send('once')
  const shouted = JSON.parse(JSON.stringify({ ...sent, id: sent.id.toUpperCase() }))
  shouted.input.id = sent.input.id.toUpperCase()
  const [first, second] = await results([sent, shouted])
  expect(first).toMatchObject({ ok: true })
  expect(second).toEqual({ ...first, id: shouted.id })
})

test('when Postgres is away nothing behind the first failure is tried, and all may be sent again', async () => {
  const away = connect(`postgres://nobody:nothing@127.0.0.1:${await freePort()}/nowhere`)
  const response = await post(JSON.stringify({ mutations: [send('one'), send('two')] }), {}, away)
  const answer: MutationsBody = await response.json()
  await away.close()
  expect(answer.results.map((result) => result.ok || result.error.code)).toEqual([
    'unavailable',
    'unavailable',
  ])
})

test('an account that is not there writes nothing', async () => {
  const body = JSON.stringify({
    mutations: [{ id: uuidv7(), name: 'sessions.create', input: { id: uuidv7(), title: 'X' } }],
  })
  const request = new Request('http://localhost/api/mutations', { method: 'POST', body })
  const response = await mutationsEndpoint(database.db, { accountId: uuidv7() }, request)
  const answer: MutationsBody = await response.json()
  expect(answer.results).toMatchObject([{ ok: false, error: { code: 'not_found' } }])
})
