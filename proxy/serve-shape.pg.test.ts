import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { shapes } from '#electric/shapes/index.ts'
import { apply, inviteBy, makeWorld, type World } from '#server/mutations/testing.ts'
import { ownHeaders, startStack, type TestApp } from './testing.ts'

let stack: Awaited<ReturnType<typeof startStack>>
let app: TestApp
let world: World

beforeAll(async () => {
  stack = await startStack({ longPollTimeoutMs: 2000 })
  app = await stack.startApp()
  world = await makeWorld(stack.db)
})
afterAll(() => stack.stop())

async function tokenFor(accountId: string, sessionId?: string, at: TestApp = app): Promise<Response> {
  return at.answer(
    new Request('http://localhost/api/shape-tokens', {
      method: 'POST',
      headers: { 'x-account': accountId },
      body: JSON.stringify(sessionId ? { session_id: sessionId } : {}),
    }),
  )
}

async function token(accountId: string, sessionId?: string, at: TestApp = app): Promise<string> {
  const { token }: { token: string } = await (await tokenFor(accountId, sessionId, at)).json()
  return token
}

function ask(path: string, bearer: string, init: RequestInit = {}, at: TestApp = app): Promise<Response> {
  const headers = { authorization: `Bearer ${bearer}`, ...init.headers }
  return at.answer(new Request(`http://localhost/api/shapes/${path}`, { ...init, headers }))
}

const messages = (sessionId: string, more = '') => `chat_messages?session_id=${sessionId}&offset=-1${more}`

async function outcome(response: Response): Promise<[number, string]> {
  const body: { error?: { code: string } } = await response.json()
  return [response.status, body.error?.code ?? 'served']
}

describe('a shape', () => {
  it('carries the rows of the session that the token names, privately and without a validator', async () => {
    const response = await ask(messages(world.session_id), await token(world.viewer, world.session_id))
    const rows: { value?: { id: string; session_id: string } }[] = await response.json()
    expect(response.status).toBe(200)
    expect(rows.flatMap(({ value }) => (value ? [value.session_id] : []))).toEqual([world.session_id])
    expect(ownHeaders(response, app)).toEqual({
      'cache-control': 'private, no-store',
      'content-length': expect.stringMatching(/^[0-9]+$/),
      'content-type': expect.stringContaining('application/json'),
      'electric-handle': expect.any(String),
      'electric-has-data': 'true',
      'electric-offset': '0_0',
      'electric-schema': expect.any(String),
    })
  })

  it.each(Object.keys(shapes))(
    'named %s shows a member only rows of the scope that was asked for',
    async (name) => {
      const shape = shapes[name as keyof typeof shapes] // as listed
      const scopeId = shape.scope === 'session' ? world.session_id : world.editor
      const bearer = await token(world.editor, shape.scope === 'session' ? world.session_id : undefined)
      const query = shape.scope === 'session' ? `?session_id=${world.session_id}&offset=-1` : '?offset=-1'
      const rows: { value?: Record<string, string> }[] = await (await ask(name + query, bearer)).json()
      const values = rows.flatMap(({ value }) => (value ? [value] : []))
      expect(values.length).toBeGreaterThan(0)
      expect(new Set(values.map((value) => value[shape.scopeColumn]))).toEqual(new Set([scopeId]))
      expect(Object.keys(values[0] ?? {}).sort()).toEqual([...shape.columns].sort())
    },
  )

  it('ignores what would make the browser keep or share it', async () => {
    const bearer = await token(world.viewer, world.session_id)
    const first = await ask(messages(world.session_id), bearer)
    const headers = { 'if-none-match': '"anything"', 'x-http-method-override': 'DELETE' }
    const second = await ask(messages(world.session_id), bearer, { headers })
    expect(second.status).toBe(200)
    expect(second.headers.get('electric-handle')).toBe(first.headers.get('electric-handle'))
    expect(second.headers.get('etag')).toBeNull()
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('is not for %s', async (method) => {
    const response = await ask(messages(world.session_id), await token(world.viewer, world.session_id), {
      method,
    })
    expect(await outcome(response)).toEqual([405, 'method_not_allowed'])
  })

  it.each([
    'table=accounts',
    'TABLE=accounts',
    'table[]=accounts',
    'where=true',
    'where[]=true',
    'where%5B%5D=true',
    'columns=*',
    'queryable_columns=id',
    'params%5B1%5D=00000000-0000-0000-0000-000000000000',
    'params=x',
    'replica=full',
    'secret=x',
    'api_secret=x',
    'source_id=x',
    'subset__where=true',
    'subset__limit=1',
    'subset%5Bwhere%5D=true',
    'live_sse=true',
    'experimental_live_sse=true',
    'token=x',
    'access_token=x',
    'offset=-1',
    `session_id=${uuidv7()}`,
    `cursor=${'1'.repeat(300)}`,
  ])('refuses a query with %s', async (more) => {
    const bearer = await token(world.viewer, world.session_id)
    expect(await outcome(await ask(messages(world.session_id, `&${more}`), bearer))).toEqual([400, 'invalid'])
  })

  it.each([
    'secrets',
    'CHAT_MESSAGES',
    'chat_messages ',
    '__proto__',
    'toString',
    'public.chat_messages',
    '',
  ])('that is called %j does not exist', async (name) => {
    const bearer = await token(world.viewer, world.session_id)
    const path = `${encodeURIComponent(name)}?session_id=${world.session_id}&offset=-1`
    expect(await outcome(await ask(path, bearer))).toEqual([404, 'not_found'])
  })

  it('says to start afresh for a handle that Electric does not know, whoever it belonged to', async () => {
    const own = await ask('inbox_entries?offset=-1', await token(world.owner))
    const handle = own.headers.get('electric-handle')
    const stolen = await ask(`inbox_entries?offset=0_0&handle=${handle}`, await token(world.editor))
    expect(stolen.status).toBe(409)
    expect(await stolen.json()).toEqual([{ headers: { control: 'must-refetch' } }])
    expect(stolen.headers.get('electric-handle')).not.toBe(handle)
    expect(stolen.headers.get('cache-control')).toBe('private, no-store')
  })

  it.each(['offset=now_1', 'offset=0_0', 'live=true&offset=-1', 'offset='])(
    'says that a malformed position is the caller’s: %s',
    async (position) => {
      const bearer = await token(world.owner)
      expect(await outcome(await ask(`inbox_entries?${position}`, bearer))).toEqual([400, 'invalid'])
    },
  )
})

describe('the scope of a token', () => {
  it('is given to members only, and a session that is not there looks like one that is not yours', async () => {
    expect(await outcome(await tokenFor(world.stranger, world.session_id))).toEqual([404, 'not_found'])
    expect(await outcome(await tokenFor(world.stranger, uuidv7()))).toEqual([404, 'not_found'])
    expect(await outcome(await tokenFor(uuidv7()))).toEqual([401, 'unauthenticated'])
  })

  it('cannot be stretched to another session, to the account, or from the account to a session', async () => {
    const other = await makeWorld(stack.db)
    const session = await token(world.owner, world.session_id)
    const account = await token(world.owner)
    expect(await outcome(await ask(messages(other.session_id), session))).toEqual([404, 'not_found'])
    expect(await outcome(await ask('inbox_entries?offset=-1', session))).toEqual([404, 'not_found'])
    expect(await outcome(await ask(messages(world.session_id), account))).toEqual([404, 'not_found'])
    expect(await outcome(await ask('chat_messages?offset=-1', session))).toEqual([400, 'invalid'])
    const odd = `inbox_entries?offset=-1&session_id=${world.session_id}`
    expect(await outcome(await ask(odd, account))).toEqual([400, 'invalid'])
  })

  it('is read from the Authorization header and nowhere else', async () => {
    const bearer = await token(world.viewer, world.session_id)
    const bare = await app.answer(new Request(`http://localhost/api/shapes/${messages(world.session_id)}`))
    expect(await outcome(bare)).toEqual([401, 'unauthenticated'])
    const cookie = { authorization: '', cookie: `token=${bearer}` }
    expect(await outcome(await ask(messages(world.session_id), '', { headers: cookie }))).toEqual([
      401,
      'unauthenticated',
    ])
  })

  it('is understood by instances with other keys, old and new', async () => {
    const late = await stack.startApp({ ownKey: true })
    const byOld = await token(world.viewer, world.session_id)
    const byNew = await token(world.viewer, world.session_id, late)
    expect((await ask(messages(world.session_id), byOld, {}, late)).status).toBe(200)
    expect((await ask(messages(world.session_id), byNew)).status).toBe(200)
  })
})

describe('access that ends', () => {
  it('ends a waiting request at once, and the token with it, in every instance', async () => {
    const mine = await makeWorld(stack.db)
    const second = await stack.startApp()
    const bearer = await token(mine.viewer, mine.session_id)
    const waiting = await Promise.all([app, second].map((at) => longPoll(mine.session_id, bearer, at)))
    const removedAt = performance.now()
    await apply(stack.db, mine.owner, 'session_members.remove', {
      session_id: mine.session_id,
      account_id: mine.viewer,
    })
    const ended = await Promise.all(waiting.map(async (each) => [...(await outcome(await each.answer))]))
    expect(ended).toEqual([
      [401, 'unauthenticated'],
      [401, 'unauthenticated'],
    ])
    // The poll would have gone on for two seconds: it was the removal that ended it.
    expect(performance.now() - removedAt).toBeLessThan(1900)
    for (const at of [app, second]) {
      expect(await outcome(await ask(messages(mine.session_id), bearer, {}, at))).toEqual([
        401,
        'unauthenticated',
      ])
      expect(await outcome(await tokenFor(mine.viewer, mine.session_id, at))).toEqual([404, 'not_found'])
    }
  })

  it('leaves others’ requests alone', async () => {
    const mine = await makeWorld(stack.db)
    const bearer = await token(mine.editor, mine.session_id)
    const waiting = await longPoll(mine.session_id, bearer, app)
    await apply(stack.db, mine.viewer, 'session_members.leave', { session_id: mine.session_id })
    expect((await waiting.answer).status).toBe(200)
  })

  it('comes back with a new token to who joins again, not with the old one', async () => {
    const mine = await makeWorld(stack.db)
    const old = await token(mine.viewer, mine.session_id)
    await apply(stack.db, mine.viewer, 'session_members.leave', { session_id: mine.session_id })
    const link = await inviteBy(stack.db, mine.owner, mine.session_id)
    await apply(stack.db, mine.viewer, 'session_members.join', { token: link })
    const renewed = await token(mine.viewer, mine.session_id)
    await expect.poll(async () => (await ask(messages(mine.session_id), renewed)).status).toBe(200)
    expect((await ask(messages(mine.session_id), old)).status).toBe(401)
  })

  it('is noticed without its announcement, from the table', async () => {
    const mine = await makeWorld(stack.db)
    const bearer = await token(mine.viewer, mine.session_id)
    expect((await ask(messages(mine.session_id), bearer)).status).toBe(200)
    await stack.db.transaction(null, (tx) =>
      tx.execute(
        `insert into access_cutoffs (account_id, session_id, cutoff_at) values ('${mine.viewer}', '${mine.session_id}', clock_timestamp())`,
      ),
    )
    await expect
      .poll(async () => (await ask(messages(mine.session_id), bearer)).status, { timeout: 10_000 })
      .toBe(401)
  })
})

async function longPoll(sessionId: string, bearer: string, at: TestApp) {
  let position = await ask(messages(sessionId), bearer, {}, at)
  const query = (from: Response) =>
    `chat_messages?session_id=${sessionId}&offset=${from.headers.get('electric-offset')}&handle=${from.headers.get('electric-handle')}`
  while (!position.headers.has('electric-up-to-date')) position = await ask(query(position), bearer, {}, at)
  return { answer: ask(`${query(position)}&live=true`, bearer, {}, at) }
}

describe('Electric behind the proxy', () => {
  it('is asked for what the shape and the token say, and for nothing that was refused', async () => {
    const asked: URL[] = []
    const peer = createServer((request, response) => {
      asked.push(new URL(request.url ?? '', 'http://electric'))
      response.setHeader('set-cookie', 'a=b').setHeader('server', 'x').setHeader('electric-server', 'x')
      response.setHeader('cache-control', 'public, max-age=604800').setHeader('etag', '"1"').end('[]')
    })
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve))
    const { port } = peer.address() as AddressInfo // listening on TCP
    const at = await stack.startApp({ electricUrl: `http://127.0.0.1:${port}/electric` })
    const bearer = await token(world.viewer, world.session_id, at)
    const response = await ask(messages(world.session_id, '&log=full&cache-buster=1'), bearer, {}, at)
    expect(ownHeaders(response, at)).toEqual({ 'cache-control': 'private, no-store', 'content-length': '2' })
    await ask('secrets?offset=-1', bearer, {}, at)
    await ask(messages(world.session_id, '&table=x'), bearer, {}, at)
    await ask(messages(world.session_id), 'junk', {}, at)
    expect(asked).toHaveLength(1)
    expect(asked[0]?.pathname).toBe('/electric/v1/shape')
    expect(Object.fromEntries(asked[0]?.searchParams ?? [])).toEqual({
      offset: '-1',
      log: 'full',
      'cache-buster': '1',
      table: 'chat_messages',
      columns: shapes.chat_messages.columns.map((column) => `"${column}"`).join(','),
      where: '"session_id" = $1',
      'params[1]': world.session_id,
      secret: at.ctx.env.ELECTRIC_SECRET,
    })
    await new Promise((resolve) => peer.close(resolve))
  })

  it('that is down is unavailable, and neither its address nor its secret is told', async () => {
    const at = await stack.startApp({ electricUrl: 'http://127.0.0.1:9' })
    const response = await ask('inbox_entries?offset=-1', await token(world.owner, undefined, at), {}, at)
    expect(response.headers.get('retry-after')).toBe('1')
    const body = await response.text()
    expect([response.status, JSON.parse(body).error.code]).toEqual([503, 'unavailable'])
    expect(body).not.toMatch(/127\.0\.0\.1|secret/)
  })

  it.each([
    [500, 503, 'unavailable'],
    [401, 503, 'unavailable'],
    [404, 503, 'unavailable'],
    [503, 503, 'unavailable'],
    [302, 503, 'unavailable'],
  ])('that answers %i is unavailable', async (status, expected, code) => {
    const peer = createServer((_, response) => {
      response
        .writeHead(status, { location: 'http://127.0.0.1:9/', 'retry-after': '7' })
        .end('{"message":"secret"}')
    })
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve))
    const { port } = peer.address() as AddressInfo // listening on TCP
    const at = await stack.startApp({ electricUrl: `http://127.0.0.1:${port}` })
    const response = await ask('inbox_entries?offset=-1', await token(world.owner, undefined, at), {}, at)
    expect(await outcome(response)).toEqual([expected, code])
    await new Promise((resolve) => peer.close(resolve))
  })

  it('is let go when the caller goes', async () => {
    const gone = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const peer = createServer((request) => {
      request.socket.once('close', gone.resolve)
      asked.resolve()
    })
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve))
    const { port } = peer.address() as AddressInfo // listening on TCP
    const at = await stack.startApp({ electricUrl: `http://127.0.0.1:${port}` })
    const caller = new AbortController()
    const bearer = await token(world.owner, undefined, at)
    const answer = ask('inbox_entries?offset=-1', bearer, { signal: caller.signal }, at)
    await asked.promise
    caller.abort()
    await expect(answer).rejects.toThrow()
    await gone.promise
    await new Promise((resolve) => peer.close(resolve))
  })
})

describe('an answer that is under way', () => {
  /** An Electric that begins an answer and leaves the rest to the test. */
  async function beginAnswer(init: RequestInit = {}) {
    const begun = Promise.withResolvers<ServerResponse>()
    const gone = Promise.withResolvers<void>()
    const peer = createServer((request, response) => {
      request.socket.once('close', gone.resolve)
      response.write('[{"headers":', () => begun.resolve(response))
    })
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      peer.closeAllConnections()
      peer.close()
    })
    const { port } = peer.address() as AddressInfo // listening on TCP
    const at = await stack.startApp({ electricUrl: `http://127.0.0.1:${port}` })
    const mine = await makeWorld(stack.db)
    const bearer = await token(mine.viewer, mine.session_id, at)
    const answer = await ask(messages(mine.session_id), bearer, init, at)
    return { answer, mine, upstream: await begun.promise, upstreamGone: gone.promise }
  }

  it('is handed on to its end', async () => {
    const { answer, upstream } = await beginAnswer()
    upstream.end('{}}]')
    expect(await answer.json()).toEqual([{ headers: {} }])
  })

  it('ends with an error, not as if it were whole, when Electric goes', async () => {
    const { answer, upstream } = await beginAnswer()
    upstream.destroy()
    await expect(answer.text()).rejects.toThrow()
  })

  it('ends when the right to read it ends', async () => {
    const { answer, mine, upstreamGone } = await beginAnswer()
    await apply(stack.db, mine.viewer, 'session_members.leave', { session_id: mine.session_id })
    await expect(answer.text()).rejects.toThrow()
    await upstreamGone
  })

  it('lets Electric go when the caller goes, or reads no further', async () => {
    const caller = new AbortController()
    const gone = await beginAnswer({ signal: caller.signal })
    caller.abort()
    await expect(gone.answer.text()).rejects.toThrow()
    await gone.upstreamGone
    const cancelled = await beginAnswer()
    await cancelled.answer.body?.cancel()
    await cancelled.upstreamGone
  })
})
