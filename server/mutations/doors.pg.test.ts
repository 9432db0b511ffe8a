import { type SQL, sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MutationName, mutationInputs, type ShapeName } from '#db/inputs/index.ts'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { answered } from '../functions/answer.ts'
import { mutateByCall } from '../functions/mutate-by-call.ts'
import { createLog } from '../log.ts'
import type { Caller } from './define.ts'
import { type MutationResult, type MutationsBody, mutationsEndpoint } from './endpoint.ts'
import { everything, makeWorld, row, sha256, type World } from './testing.ts'

type Role = 'owner' | 'editor' | 'viewer' | 'stranger'

interface Case {
  /** The least role that may. */
  by: Role
  input: (world: World) => Record<string, unknown>
  /** The input changed in a way that is valid on its own. */
  changes: Record<string, unknown>
  awaits: ShapeName | null
  /** A row that the mutation writes. */
  writes: (world: World, input: Record<string, unknown>) => SQL
  /** No session is named, so nobody is a stranger to it. */
  open?: true
}

const session = ({ session_id }: World) => sql`sessions t where id = ${session_id}`
const thread = ({ thread_id }: World) => sql`chat_threads t where id = ${thread_id}`
const message = ({ message_id }: World) => sql`chat_messages t where id = ${message_id}`
const toolEvent = ({ tool_event_id }: World) => sql`chat_tool_events t where id = ${tool_event_id}`
const member = (who: Role) => (world: World) =>
  sql`session_members t where session_id = ${world.session_id} and account_id = ${world[who]}`
const entry = (who: Role) => (world: World) =>
  sql`inbox_entries t where session_id = ${world.session_id} and account_id = ${world[who]}`
const made = (table: string) => (_: World, input: Record<string, unknown>) =>
  sql`${sql.raw(table)} t where id = ${input.id}`

const cases: Record<MutationName, Case> = {
  'accounts.rename': {
    by: 'stranger',
    open: true,
    input: () => ({ display_name: 'Renamed' }),
    changes: { display_name: 'Renamed again' },
    awaits: 'accounts',
    writes: ({ stranger }) => sql`accounts t where id = ${stranger}`,
  },
  'chat_messages.edit': {
    by: 'editor',
    input: ({ message_id, owner }) => ({ id: message_id, content: 'edited', mentions: [owner] }),
    changes: { content: 'edited otherwise' },
    awaits: 'chat_messages',
    writes: message,
  },
  'chat_messages.remove': {
    by: 'editor',
    input: ({ message_id }) => ({ id: message_id }),
    changes: { id: uuidv7() },
    awaits: 'chat_messages',
    writes: message,
  },
  'chat_messages.send': {
    by: 'editor',
    input: ({ session_id, thread_id }) => ({ id: uuidv7(), session_id, thread_id, content: 'hello' }),
    changes: { content: 'hello again' },
    awaits: 'chat_messages',
    writes: made('chat_messages'),
  },
  'chat_threads.archive': {
    by: 'editor',
    input: ({ thread_id }) => ({ id: thread_id, archived: true }),
    changes: { archived: false },
    awaits: 'chat_threads',
    writes: thread,
  },
  'chat_threads.create': {
    by: 'editor',
    input: ({ session_id }) => ({ id: uuidv7(), session_id, mode: 'session', title: 'New' }),
    changes: { title: 'Newer' },
    awaits: 'chat_threads',
    writes: made('chat_threads'),
  },
  'chat_threads.remove': {
    by: 'editor',
    input: ({ thread_id }) => ({ id: thread_id }),
    changes: { id: uuidv7() },
    awaits: 'chat_threads',
    writes: session,
  },
  'chat_threads.rename': {
    by: 'editor',
    input: ({ thread_id }) => ({ id: thread_id, title: 'Renamed' }),
    changes: { title: 'Renamed again' },
    awaits: 'chat_threads',
    writes: thread,
  },
  'chat_tool_events.fail': {
    by: 'editor',
    input: ({ tool_event_id }) => ({ id: tool_event_id, error: 'no such file' }),
    changes: { error: 'no such folder' },
    awaits: 'chat_tool_events',
    writes: toolEvent,
  },
  'chat_tool_events.start': {
    by: 'editor',
    input: ({ session_id, thread_id }) => ({
      id: uuidv7(),
      session_id,
      thread_id,
      tool_name: 'read',
      arguments: { path: 'a.ts', lines: [1, 2] },
    }),
    changes: { arguments: 'other' },
    awaits: 'chat_tool_events',
    writes: made('chat_tool_events'),
  },
  'chat_tool_events.succeed': {
    by: 'editor',
    input: ({ tool_event_id }) => ({ id: tool_event_id, result: 'found' }),
    changes: { result: null },
    awaits: 'chat_tool_events',
    writes: toolEvent,
  },
  'inbox_entries.markRead': {
    by: 'viewer',
    input: ({ session_id, message_id }) => ({ session_id, message_id }),
    changes: { message_id: uuidv7() },
    awaits: 'inbox_entries',
    writes: entry('viewer'),
  },
  'inbox_entries.pin': {
    by: 'viewer',
    input: ({ session_id }) => ({ session_id, pinned: true }),
    changes: { pinned: false },
    awaits: 'inbox_entries',
    writes: entry('viewer'),
  },
  'invitations.create': {
    by: 'owner',
    input: ({ session_id }) => {
      const id = uuidv7()
      return { id, session_id, token_hash: sha256(id), role: 'viewer', expires_in_days: 7, max_uses: 5 }
    },
    changes: { max_uses: 6 },
    awaits: null,
    writes: made('invitations'),
  },
  'invitations.revoke': {
    by: 'owner',
    input: ({ invitation_id }) => ({ id: invitation_id }),
    changes: { id: uuidv7() },
    awaits: null,
    writes: ({ invitation_id }) => sql`invitations t where id = ${invitation_id}`,
  },
  'session_members.changeRole': {
    by: 'owner',
    input: ({ session_id, viewer }) => ({ session_id, account_id: viewer, role: 'editor' }),
    changes: { role: 'owner' },
    awaits: 'session_members',
    writes: member('viewer'),
  },
  'session_members.handOver': {
    by: 'owner',
    input: ({ session_id, editor }) => ({ session_id, account_id: editor }),
    changes: { account_id: uuidv7() },
    awaits: 'session_members',
    writes: member('editor'),
  },
  'session_members.join': {
    by: 'stranger',
    open: true,
    input: ({ token }) => ({ token }),
    changes: { token: 'a'.repeat(43) },
    awaits: 'inbox_entries',
    writes: entry('stranger'),
  },
  'session_members.leave': {
    by: 'viewer',
    input: ({ session_id }) => ({ session_id }),
    changes: { session_id: uuidv7() },
    awaits: null,
    writes: member('viewer'),
  },
  'session_members.remove': {
    by: 'owner',
    input: ({ session_id, viewer }) => ({ session_id, account_id: viewer }),
    changes: { account_id: uuidv7() },
    awaits: 'session_members',
    writes: member('viewer'),
  },
  'sessions.archive': {
    by: 'owner',
    input: ({ session_id }) => ({ id: session_id, archived: true }),
    changes: { archived: false },
    awaits: 'inbox_entries',
    writes: session,
  },
  'sessions.create': {
    by: 'stranger',
    open: true,
    input: () => ({ id: uuidv7(), title: 'Mine' }),
    changes: { title: 'Still mine' },
    awaits: 'inbox_entries',
    writes: made('sessions'),
  },
  'sessions.remove': {
    by: 'owner',
    input: ({ session_id }) => ({ id: session_id }),
    changes: { id: uuidv7() },
    awaits: 'inbox_entries',
    writes: ({ session_id, editor }) =>
      sql`access_cutoffs t where session_id = ${session_id} and account_id = ${editor}`,
  },
  'sessions.rename': {
    by: 'editor',
    input: ({ session_id }) => ({ id: session_id, title: 'Renamed' }),
    changes: { title: 'Renamed again' },
    awaits: 'inbox_entries',
    writes: session,
  },
}

const names = Object.keys(mutationInputs) as MutationName[] // the keys of a const object
const ROLES: Role[] = ['owner', 'editor', 'viewer', 'stranger']

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

interface Sent {
  id: string
  name: MutationName
  input: unknown
}

const doors: Record<string, (caller: Caller, sent: Sent) => Promise<MutationResult | undefined>> = {
  'POST /api/mutations': async (caller, sent) => {
    const body = JSON.stringify({ mutations: [sent] })
    const request = new Request('http://localhost/api/mutations', { method: 'POST', body })
    const response = await mutationsEndpoint(database.db, caller, request)
    const answer: MutationsBody = await response.json()
    return answer.results[0]
  },
  'the server function': async (caller, { input, ...sent }) => {
    const answer = await callFunction(caller, { ...sent, input: JSON.stringify(input) })
    return { id: sent.id, ...(answer.ok ? answer.value.result : answer) }
  },
}

/** As server/functions/mutate.ts does once it knows who calls. */
function callFunction(caller: Caller, data: unknown) {
  const ctx = { db: database.db, env: { BUILD_ID: 'test' }, log: createLog('silent') }
  return answered(ctx, 'mutate', () => mutateByCall(ctx, caller, data))
}

function codeOf(result: MutationResult | undefined): string {
  return result?.ok === false ? result.error.code : 'applied'
}

describe.each(Object.entries(doors))('through %s', (_, send) => {
  describe.each(names)('%s', (name) => {
    const { by, input: inputOf, changes, awaits, writes, open } = cases[name]

    test('is applied once, and answers again with the same txid: that of the transaction that wrote', async () => {
      const world = await makeWorld(database.db)
      const input = inputOf(world)
      const caller = { accountId: world[by] }
      const sent = { id: uuidv7(), name, input }
      const first = await send(caller, sent)
      const written = await row(database.db, sql`select t.xmin::text as xmin from ${writes(world, input)}`)
      expect(first).toEqual({ id: sent.id, ok: true, txid: Number(written.xmin), awaits })

      const before = await everything(database.db)
      expect(await send(caller, sent)).toEqual(first)
      const reordered = Object.fromEntries(Object.entries(input).reverse())
      expect(await send(caller, { ...sent, input: reordered })).toEqual(first)
      expect(await everything(database.db)).toEqual(before)
    })

    test('refuses its mutation id for another change', async () => {
      const world = await makeWorld(database.db)
      const caller = { accountId: world[by] }
      const sent = { id: uuidv7(), name, input: inputOf(world) }
      expect(codeOf(await send(caller, sent))).toBe('applied')
      const before = await everything(database.db)
      expect(codeOf(await send(caller, { ...sent, input: { ...sent.input, ...changes } }))).toBe('conflict')
      expect(await everything(database.db)).toEqual(before)
    })

    test('refuses fields that are wrong, missing or unknown, and names them', async () => {
      const world = await makeWorld(database.db)
      const caller = { accountId: world[by] }
      const input = inputOf(world)
      const before = await everything(database.db)
      const spoilt = Object.keys(input).map((field) => [field, { ...input, [field]: { not: 'this' } }])
      if ('result' in input) spoilt[1] = ['result', { ...input, result: '\u0000' }]
      if ('arguments' in input) spoilt[4] = ['arguments', { ...input, arguments: { a: '\ud800' } }]
      for (const [field, bad] of [
        ...spoilt,
        ['account_id_of_another', { ...input, account_id_of_another: 1 }],
      ]) {
        const result = await send(caller, { id: uuidv7(), name, input: bad })
        expect(codeOf(result)).toBe('invalid')
        expect(result?.ok === false && Object.keys(result.error.fields ?? {})).toEqual([field])
      }
      for (const bad of [undefined, null, 'text', [], {}]) {
        expect(codeOf(await send(caller, { id: uuidv7(), name, input: bad }))).toBe('invalid')
      }
      expect(await everything(database.db)).toEqual(before)
    })

    const tooLow = open ? [] : ROLES.slice(ROLES.indexOf(by) + 1)
    test.each(tooLow)('refuses a %s and writes nothing', async (role) => {
      const world = await makeWorld(database.db)
      const input = inputOf(world)
      const before = await everything(database.db)
      const refused = codeOf(await send({ accountId: world[role] }, { id: uuidv7(), name, input }))
      expect(refused).toBe(role === 'stranger' ? 'not_found' : 'forbidden')
      expect(await everything(database.db)).toEqual(before)
    })
  })
})

test.each([
  ['nothing', undefined],
  ['null', null],
  ['text', 'text'],
  ['a list', []],
  ['no input', { id: uuidv7(), name: 'sessions.create' }],
  ['an input that is no text', { id: uuidv7(), name: 'sessions.create', input: {} }],
  ['an input that is no JSON', { id: uuidv7(), name: 'sessions.create', input: '{' }],
  ['a name that is none', { id: uuidv7(), name: 7, input: '{}' }],
  ['a field too many', { id: uuidv7(), name: 'sessions.create', input: '{}', account_id: uuidv7() }],
])('a call of the server function with %s is invalid', async (_, data) => {
  const { owner } = await makeWorld(database.db)
  const before = await everything(database.db)
  const answer = await callFunction({ accountId: owner }, data)
  expect(answer).toMatchObject({ ok: false, error: { code: 'invalid' } })
  expect(await everything(database.db)).toEqual(before)
})
