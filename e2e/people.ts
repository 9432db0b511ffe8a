import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Message, ShapeStream } from '@electric-sql/client'
import { v7 as uuidv7 } from 'uuid'
import type { MutationInput, MutationName, ShapeName } from '#db/inputs/index.ts'
import type { MutationResult } from '#server/mutations/index.ts'
import { send } from './raw-http.ts'

/** Somebody who uses the API over HTTP, as any program may. */
export interface Person {
  url: string
  accountId: string
  /** Empty for the local account. */
  cookie: string
}

interface Sent {
  method?: string
  headers?: Record<string, string>
  body?: string
}

/** Each on a connection of its own: a kept one may be closed by the server in the moment in which it is used again. */
export async function request(
  { url, cookie }: Pick<Person, 'url' | 'cookie'>,
  path: string,
  sent: Sent = {},
): Promise<Response> {
  const headers = { ...sent.headers, ...(cookie && { cookie }) }
  const { status, headers: given, body } = await send(url, { path, ...sent, headers })
  const answer = new Response(body, { status })
  for (const [name, value] of Object.entries(given)) {
    for (const each of [value].flat()) if (each !== undefined) answer.headers.append(name, each)
  }
  return answer
}

export function post(person: Pick<Person, 'url' | 'cookie'>, path: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return request(person, path, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** Who a browser without a cookie is, in local mode. */
export async function localPerson(url: string): Promise<Person> {
  const { account } = await jsonOf<{ account: { id: string } }>(
    await request({ url, cookie: '' }, '/api/auth/whoami'),
  )
  return { url, cookie: '', accountId: account.id }
}

export async function signIn(url: string, email: string, password: string): Promise<Person> {
  const answer = await post({ url, cookie: '' }, '/api/auth/sign-in', { email, password })
  const cookie = cookieOf(answer)
  return { url, cookie, accountId: (await jsonOf<{ account_id: string }>(answer)).account_id }
}

export async function joinAsGuest(url: string, token: string, display_name: string): Promise<Person> {
  const answer = await post({ url, cookie: '' }, '/api/auth/accept-invitation', { token, display_name })
  const cookie = cookieOf(answer)
  return { url, cookie, accountId: (await jsonOf<{ account_id: string }>(answer)).account_id }
}

function cookieOf(answer: Response): string {
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}

/** Sends one mutation. @throws Error with its code when it is refused. */
export async function mutate<Name extends MutationName>(
  person: Person,
  name: Name,
  input: MutationInput<Name>,
  id = uuidv7(),
): Promise<MutationResult & { ok: true }> {
  const answer = await post(person, '/api/mutations', { mutations: [{ id, name, input }] })
  const { results } = await jsonOf<{ results: MutationResult[] }>(answer)
  const [result] = results
  if (result?.ok) return result
  throw new Error(`${name} was refused: ${JSON.stringify(result?.error)}`)
}

/** Sends it until it is answered, always under one id: answers that are lost on the way say nothing about the write. */
export async function mutateUntilAnswered<Name extends MutationName>(
  person: Person,
  name: Name,
  input: MutationInput<Name>,
): Promise<void> {
  const id = uuidv7()
  for (const deadline = Date.now() + 60_000; ; await delay(100)) {
    const refusal = await mutate(person, name, input, id).then(
      () => null,
      (error: Error) => error,
    )
    if (!refusal) return
    const isFinal = refusal.message.includes('refused') && !refusal.message.includes('unavailable')
    if (isFinal || Date.now() > deadline) throw refusal
  }
}

export async function createSession(person: Person, title: string): Promise<string> {
  const id = uuidv7()
  await mutate(person, 'sessions.create', { id, title })
  return id
}

export async function createThread(person: Person, session_id: string, title: string): Promise<string> {
  const id = uuidv7()
  await mutate(person, 'chat_threads.create', { id, session_id, mode: 'general', title })
  return id
}

/** The secret of a new invitation's link. */
export async function invite(
  person: Person,
  session_id: string,
  role: 'editor' | 'viewer' = 'editor',
  max_uses = 1,
): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  const token_hash = createHash('sha256').update(token).digest('hex')
  const input = { id: uuidv7(), session_id, token_hash, role, expires_in_days: 1, max_uses }
  await mutate(person, 'invitations.create', input)
  return token
}

export async function shapeToken(person: Person, session_id?: string): Promise<string> {
  const answer = await post(person, '/api/shape-tokens', session_id ? { session_id } : {})
  return (await jsonOf<{ token: string }>(answer)).token
}

export interface ShapeReader {
  rows: Map<string, Record<string, string | null>>
  /** Changes after the first answer that were no change: a row inserted twice, updated or deleted without being there. */
  impossible: string[]
  error: unknown
  close(): void
}

/** The official client, as any program would use it. */
export function readShape(person: Person, name: ShapeName, session_id?: string): ShapeReader {
  const aborted = new AbortController()
  const stream = new ShapeStream<Record<string, string | null>>({
    url: `${person.url}/api/shapes/${name}`,
    params: session_id ? { session_id } : {},
    headers: { authorization: async () => `Bearer ${await shapeToken(person, session_id)}` },
    parser: TEXT,
    signal: aborted.signal,
    onError: (error) => {
      reader.error = error
    },
  })
  const reader: ShapeReader = { rows: new Map(), impossible: [], error: null, close: () => aborted.abort() }
  stream.subscribe((messages) => messages.forEach((message) => void apply(reader, message)))
  return reader
}

// Values as Postgres writes them, to be compared with what it says itself.
const asText = (text: string) => text
const TEXT = Object.fromEntries(
  ['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'json', 'jsonb'].map((type) => [type, asText]),
)

function apply({ rows, impossible }: ShapeReader, message: Message<Record<string, string | null>>): void {
  if (!('key' in message)) {
    if (message.headers.control === 'must-refetch') rows.clear()
    return
  }
  const { key, value } = message
  const { operation } = message.headers
  if (rows.has(key) === (operation === 'insert')) impossible.push(`${operation} ${key}`)
  if (operation === 'delete') rows.delete(key)
  else rows.set(key, { ...rows.get(key), ...value })
}

/** @throws Error that quotes the answer when it is a refusal. */
export async function jsonOf<T>(answer: Response): Promise<T> {
  const text = await answer.text()
  if (!answer.ok) throw new Error(`Answered with ${answer.status}: ${text}`)
  return JSON.parse(text) as T // what the caller asked for, by the API's contract
}
