import { generateKeyPairSync } from 'node:crypto'
import { SignJWT } from 'jose'
import { expect, test } from 'playwright/test'
import { v7 as uuidv7 } from 'uuid'
import { signShapeToken } from '#proxy/shape-tokens.ts'
import { loadSigningKey } from '#proxy/signing-key.ts'
import { type ErrorCode, STATUS } from '#server/errors.ts'
import { loadSecrets, type Secrets } from '#server/secrets.ts'
import { digests, openDatabase } from './database.ts'
import {
  createSession,
  createThread,
  invite,
  joinAsGuest,
  localPerson,
  type Person,
  shapeToken,
} from './people.ts'
import { type RawAnswer, type RawRequest, send } from './raw-http.ts'
import { type Stack, startStack, until } from './stack.ts'

// Everything that somebody may send by mistake or on purpose: what each gets, and that it gets nothing else.

interface World {
  stack: Stack
  secrets: Secrets
  guest: Person
  /** The guest's session and thread. */
  ours: { session_id: string; thread_id: string }
  /** Somebody else's. */
  foreign: { session_id: string; thread_id: string }
  /** Of the guest, for her session. */
  token: string
}

let world: World
test.beforeAll(async () => {
  const stack = await startStack()
  const owner = await localPerson(stack.url)
  const place = async (title: string) => {
    const session_id = await createSession(owner, title)
    return { session_id, thread_id: await createThread(owner, session_id, title) }
  }
  const [ours, foreign] = [await place('Ours'), await place('Not theirs')]
  const guest = await joinAsGuest(stack.url, await invite(owner, ours.session_id), 'Guest')
  const token = await shapeToken(guest, ours.session_id)
  world = { stack, secrets: await loadSecrets(stack.dataDir), guest, ours, foreign, token }
})
test.afterAll(() => world?.stack.stop())

interface Case {
  title: string
  code: ErrorCode
  send: () => RawRequest | Promise<RawRequest>
  /** The error is one mutation's or one entry's: the request itself succeeds. */
  inside?: true
}

const JSON_BODY = { 'content-type': 'application/json' }
const asJson = (path: string, body: unknown): RawRequest => ({
  path,
  method: 'POST',
  headers: JSON_BODY,
  body: JSON.stringify(body),
})
const mutation = (name: unknown, input: unknown, id: unknown = uuidv7()) =>
  asJson('/api/mutations', { mutations: [{ id, name, input }] })
const message = (fields: object = {}) => ({ id: uuidv7(), ...world.ours, content: 'Hello', ...fields })
const shape = (name: string, query: string, token = world.token): RawRequest => ({
  path: `/api/shapes/${name}?${query}`,
  headers: { authorization: `Bearer ${token}` },
})
const messagesShape = (token?: string) =>
  shape('chat_messages', `session_id=${world.ours.session_id}&offset=-1`, token)

const MUTATIONS: Case[] = [
  {
    title: 'an unknown mutation',
    code: 'invalid',
    send: () => mutation('chat_messages.explode', {}),
  },
  {
    title: 'the name of something that every object has',
    code: 'invalid',
    send: () => mutation('constructor', {}),
  },
  { title: 'no input', code: 'invalid', send: () => mutation('chat_messages.send', undefined) },
  {
    title: 'a field too many',
    code: 'invalid',
    send: () => mutation('chat_messages.send', message({ author_account_id: uuidv7() })),
  },
  { title: 'a field too few', code: 'invalid', send: () => mutation('chat_messages.send', { id: uuidv7() }) },
  {
    title: 'a field of the wrong kind',
    code: 'invalid',
    send: () => mutation('chat_messages.send', message({ content: 42 })),
  },
  {
    title: 'a mutation id that is none',
    code: 'invalid',
    send: () => mutation('chat_messages.send', message(), 'first'),
  },
  {
    title: 'a message over 100 KB',
    code: 'invalid',
    send: () => mutation('chat_messages.send', message({ content: 'x'.repeat(100 * 1024 + 1) })),
  },
  {
    title: 'a message that Postgres cannot hold',
    code: 'invalid',
    send: () => mutation('chat_messages.send', message({ content: 'a\u0000b' })),
  },
  {
    title: 'a message for another’s session',
    code: 'not_found',
    send: () => mutation('chat_messages.send', message(world.foreign)),
  },
  {
    title: 'a message for another session’s thread',
    code: 'not_found',
    send: () => mutation('chat_messages.send', message({ thread_id: world.foreign.thread_id })),
  },
  {
    title: 'a new title for another’s session',
    code: 'not_found',
    send: () => mutation('sessions.rename', { id: world.foreign.session_id, title: 'Mine' }),
  },
  {
    title: 'a new title for a session that is nowhere',
    code: 'not_found',
    send: () => mutation('sessions.rename', { id: uuidv7(), title: 'Nowhere' }),
  },
  {
    title: 'an editor who invites',
    code: 'forbidden',
    send: () =>
      mutation('invitations.create', {
        id: uuidv7(),
        session_id: world.ours.session_id,
        token_hash: '0'.repeat(64),
        role: 'editor',
        expires_in_days: 1,
        max_uses: 1,
      }),
  },
  {
    title: 'an invitation that nobody gave',
    code: 'not_found',
    send: () => mutation('session_members.join', { token: 'x'.repeat(43) }),
  },
].map((each) => ({ ...each, code: each.code as ErrorCode, inside: true as const }))

const REQUESTS: Case[] = [
  {
    title: 'malformed JSON for mutations',
    code: 'invalid',
    send: () => ({ ...mutation('', {}), body: '{"mutations": [' }),
  },
  {
    title: 'mutations that are no list',
    code: 'invalid',
    send: () => asJson('/api/mutations', { mutations: 1 }),
  },
  {
    title: 'too many mutations at once',
    code: 'invalid',
    send: () => asJson('/api/mutations', { mutations: Array(101).fill({}) }),
  },
  {
    title: 'a body over 8 MB',
    code: 'too_large',
    send: () => ({ ...mutation('', {}), body: JSON.stringify({ mutations: 'x'.repeat(8 * 1024 * 1024) }) }),
  },
  { title: 'reading mutations', code: 'method_not_allowed', send: () => ({ path: '/api/mutations' }) },
  {
    title: 'deleting a shape',
    code: 'method_not_allowed',
    send: () => ({ ...messagesShape(), method: 'DELETE' }),
  },
  { title: 'reading shape tokens', code: 'method_not_allowed', send: () => ({ path: '/api/shape-tokens' }) },
  {
    title: 'reading the live stream by GET',
    code: 'method_not_allowed',
    send: () => ({ path: '/api/live' }),
  },
  {
    title: 'writing to the health page',
    code: 'method_not_allowed',
    send: () => ({ path: '/api/health', method: 'POST' }),
  },
  {
    title: 'deleting the sign of life',
    code: 'method_not_allowed',
    send: () => ({ path: '/api/health/live', method: 'DELETE' }),
  },
  {
    title: 'a body over the server’s own limit for mutations',
    code: 'too_large',
    send: () => ({ ...mutation('', {}), body: 'x'.repeat(11 * 1024 * 1024) }),
  },
  {
    title: 'a body over the server’s own limit for the live stream',
    code: 'too_large',
    send: () => ({ ...asJson('/api/live', 0), body: 'x'.repeat(11 * 1024 * 1024) }),
  },
  {
    title: 'malformed JSON for a token',
    code: 'invalid',
    send: () => ({ ...asJson('/api/shape-tokens', 0), body: '{' }),
  },
  {
    title: 'a token for another’s session',
    code: 'not_found',
    send: () => asJson('/api/shape-tokens', { session_id: world.foreign.session_id }),
  },
  {
    title: 'malformed JSON for the live stream',
    code: 'invalid',
    send: () => ({ ...asJson('/api/live', 0), body: '[' }),
  },
  { title: 'a live stream of nothing', code: 'invalid', send: () => asJson('/api/live', { entries: [] }) },
  {
    title: 'no shape token',
    code: 'unauthenticated',
    send: () => ({ path: `/api/shapes/chat_messages?session_id=${world.ours.session_id}&offset=-1` }),
  },
  {
    title: 'a shape token that is none',
    code: 'unauthenticated',
    send: () => messagesShape('eyJhbGciOiJub25lIn0.e30.'),
  },
  {
    title: 'an expired shape token',
    code: 'unauthenticated',
    send: async () => messagesShape(await expiredToken()),
  },
  {
    title: 'a shape token signed by another key under our key’s id',
    code: 'unauthenticated',
    send: async () => messagesShape(await forgedToken()),
  },
  {
    title: 'a shape token whose claims were changed',
    code: 'unauthenticated',
    send: () => messagesShape(withClaims(world.token, { session_id: world.foreign.session_id })),
  },
  {
    title: 'an unknown shape',
    code: 'not_found',
    send: () => shape('credentials', `session_id=${world.ours.session_id}&offset=-1`),
  },
  {
    title: 'a shape’s name that leads elsewhere',
    code: 'not_found',
    send: () => shape('..%2f..%2fv1%2fshape', `session_id=${world.ours.session_id}&offset=-1`),
  },
  {
    title: 'another’s session with one’s own token',
    code: 'not_found',
    send: () => shape('chat_messages', `session_id=${world.foreign.session_id}&offset=-1`),
  },
  {
    title: 'a table of one’s choice',
    code: 'invalid',
    send: () => shape('chat_messages', `session_id=${world.ours.session_id}&offset=-1&table=signing_keys`),
  },
  {
    title: 'an offset that is none',
    code: 'invalid',
    send: () => shape('chat_messages', `session_id=${world.ours.session_id}&offset=yesterday`),
  },
  { title: 'an endpoint that is none', code: 'not_found', send: () => ({ path: '/api/nothing' }) },
  {
    title: 'the live stream under another spelling',
    code: 'not_found',
    send: () => asJson('/%61pi/live', { tokens: [], entries: [] }),
  },
  {
    title: 'writing metrics',
    code: 'method_not_allowed',
    send: () => ({ path: '/api/metrics', method: 'POST' }),
  },
  {
    title: 'a sign-in endpoint that is none',
    code: 'not_found',
    send: () => ({ path: '/api/auth/sign-up/email' }),
  },
  {
    title: 'another’s host name',
    code: 'invalid',
    send: () => ({
      ...mutation('chat_messages.send', message()),
      headers: { ...JSON_BODY, host: 'example.com' },
    }),
  },
  {
    title: 'another site’s page',
    code: 'forbidden',
    send: () => ({
      ...mutation('chat_messages.send', message()),
      headers: { ...JSON_BODY, origin: 'http://example.com' },
    }),
  },
  {
    title: 'a forwarding header that nobody asked for',
    code: 'invalid',
    send: () => ({
      ...mutation('chat_messages.send', message()),
      headers: { ...JSON_BODY, 'x-forwarded-host': 'example.com' },
    }),
  },
]

for (const each of [...MUTATIONS, ...REQUESTS]) {
  test(`${each.title} is refused as ${each.code}, written nowhere and logged once`, async () => {
    const sql = openDatabase(world.stack.ownerUrl)
    const before = await digests(sql)
    const linesBefore = (await world.stack.appLog()).length
    const answer = await sendAsGuest(await each.send())

    expect(answer.status).toBe(each.inside ? 200 : STATUS[each.code])
    expect(errorOf(answer, each.inside)).toEqual({
      code: each.code,
      message: expect.stringMatching(/\w.*[.)]$/s),
      ...(each.inside && each.code === 'invalid' && { fields: expect.any(Object) }),
    })
    expectNothingLeaked(answer)
    await until(async () => (await world.stack.appLog()).length > linesBefore)
    const lines = (await world.stack.appLog()).slice(linesBefore)
    expect(lines).toEqual([expect.objectContaining({ msg: 'refused', code: each.code })])
    expect(await digests(sql)).toEqual(before)
    await sql.end()
  })
}

test('a live entry with a forged token is refused inside the stream', async () => {
  const entry = {
    id: 'a',
    shape: 'chat_messages',
    session_id: world.ours.session_id,
    handle: '1-1',
    offset: '0_0',
  }
  const body = { tokens: [await forgedToken()], entries: [{ ...entry, token: 0 }] }
  const answer = await sendAsGuest(asJson('/api/live', body))
  expect(answer.status).toBe(200)
  expect(answer.body).toMatch(/"s":401.*"code":"unauthenticated"/s)
  expectNothingLeaked(answer)
})

test('so many refusals later, a good message is taken', async () => {
  const answer = await sendAsGuest(mutation('chat_messages.send', message()))
  expect(JSON.parse(answer.body)).toMatchObject({ results: [{ ok: true, awaits: 'chat_messages' }] })
})

function sendAsGuest(request: RawRequest): Promise<RawAnswer> {
  const headers = { cookie: world.guest.cookie, ...request.headers }
  return send(world.stack.url, { ...request, headers })
}

function errorOf({ body }: RawAnswer, inside: boolean | undefined): unknown {
  const json = JSON.parse(body) as { error?: unknown; results?: { error?: unknown }[] }
  if (!inside) {
    const { error, ...rest } = json
    expect(rest).toEqual({})
    return withoutEmptyFields(error)
  }
  return json.results?.[0]?.error
}

// Which fields were wrong may be said or not; what else there is may not.
function withoutEmptyFields(error: unknown): unknown {
  const { fields: _, ...rest } = error as { fields?: unknown } // the body of an error, by the line above
  return rest
}

function expectNothingLeaked({ body, headers }: RawAnswer): void {
  const { secrets, stack, foreign } = world
  const { d } = JSON.parse(secrets.shape_token_key) as { d: string }
  const text = `${body}\n${JSON.stringify(headers)}`
  const inner = [stack.ownerUrl, new URL(stack.ownerUrl).port, stack.dataDir, 'throughline_app', 'v1/shape']
  for (const secret of [
    secrets.database_password,
    secrets.electric_secret,
    secrets.auth_secret,
    d,
    ...inner,
  ]) {
    expect(text).not.toContain(secret)
  }
  expect(text).not.toMatch(/node_modules|\n\s+at |\.ts:\d|postgres:|select |insert /i)
  expect(text).not.toContain('Not theirs')
  expect(text).not.toContain(foreign.thread_id)
}

async function expiredToken(): Promise<string> {
  const key = await loadSigningKey(world.secrets.shape_token_key)
  const { guest, ours } = world
  return signShapeToken(key, {
    accountId: guest.accountId,
    sessionId: ours.session_id,
    issuedAtMs: Date.now() - 10 * 60_000,
  })
}

async function forgedToken(): Promise<string> {
  const { kid } = await loadSigningKey(world.secrets.shape_token_key)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT({ session_id: world.ours.session_id })
    .setProtectedHeader({ alg: 'ES256', typ: 'shape+jwt', kid })
    .setIssuer('throughline')
    .setAudience('shapes')
    .setSubject(world.guest.accountId)
    .setIssuedAt(now)
    .setExpirationTime(now + 300)
    .sign(privateKey)
}

function withClaims(token: string, claims: object): string {
  const [header, payload = '', signature] = token.split('.')
  const known = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const changed = Buffer.from(JSON.stringify({ ...known, ...claims })).toString('base64url')
  return [header, changed, signature].join('.')
}
