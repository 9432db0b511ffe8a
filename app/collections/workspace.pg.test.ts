import 'fake-indexeddb/auto'
import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { MutationResult } from '#app/sync/mutation-doors.ts'
import { openCollector, openWire, type Wire } from '#app/sync/testing.ts'
import { freePort } from '#db/embedded.ts'
import { ACCOUNT_HEADER } from '#db/inputs/account-header.ts'
import { startStack, type TestApp } from '#proxy/testing.ts'
import { apply, inviteBy, makeWorld, rows, type World } from '#server/mutations/testing.ts'
import { createWorkspace, type WorkspaceOptions } from './create-workspace.ts'
import type { SessionCollections, Workspace } from './workspace.tsx'

let stack: Awaited<ReturnType<typeof startStack>>
let app: TestApp
/** Where wires to the app begin: the app answers for no address that it does not know to be its own. */
let wirePort: number
let publicUrl: string
let world: World
const closing: (() => Promise<unknown>)[] = []
let requested: string[] = []

beforeAll(async () => {
  stack = await startStack()
  wirePort = await freePort()
  publicUrl = `http://127.0.0.1:${wirePort}`
  app = await stack.startApp({ publicUrl })
})
afterAll(() => stack.stop())
beforeEach(async () => {
  world = await makeWorld(stack.db)
  requested = []
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function fetchAs(accountId: string): typeof fetch {
  return (input, init) => {
    const headers = new Headers(init?.headers)
    headers.set('x-account', accountId)
    requested.push(String(input))
    return fetch(input, { ...init, headers })
  }
}

/** A tab of an account's, on the app's own address or on a wire to it. */
function openTab(
  accountId: string,
  origin: string = app.url,
  options: Partial<WorkspaceOptions> = {},
): Workspace {
  const asAccount = fetchAs(accountId)
  const workspace = createWorkspace({
    accountId,
    origin,
    fetch: asAccount,
    retryMs: 50,
    timing: { retryMs: 20 },
    send: async (mutation) => {
      const body = JSON.stringify({ mutations: [mutation] })
      const response = await asAccount(`${origin}/api/mutations`, { method: 'POST', body })
      const { build, results }: { build: string; results: [MutationResult] } = await response.json()
      return { build, result: results[0] }
    },
    ...options,
  })
  closing.push(() => workspace.dispose())
  return workspace
}

async function follow(workspace: Workspace, sessionId = world.session_id): Promise<SessionCollections> {
  const session = workspace.session(sessionId)
  await Promise.all(Object.values(session).map((each) => each.preload()))
  return session
}

async function wired(): Promise<Wire> {
  const wire = await openWire(app.url, wirePort)
  closing.push(() => wire.close())
  return wire
}

const contents = ({ messages }: SessionCollections) =>
  [...messages.values()].sort((a, b) => a.position - b.position).map(({ content }) => content)

const stored = async () => {
  const found = await rows<{ content: string }>(
    stack.db,
    sql`select content from chat_messages where thread_id = ${world.thread_id} order by position`,
  )
  return found.map(({ content }) => content)
}

const message = (content: string) => ({
  id: uuidv7(),
  session_id: world.session_id,
  thread_id: world.thread_id,
  content,
})

const sendAs = (accountId: string, content: string) =>
  apply(stack.db, accountId, 'chat_messages.send', message(content))

describe('a workspace', () => {
  it('shows a session as Postgres holds it, with times as dates', async () => {
    const tab = openTab(world.viewer)
    const session = await follow(tab)
    await tab.account.preload()
    expect(tab.account.get(world.viewer)?.display_name).toBe('Cleo')
    expect(session.session.get(world.session_id)?.created_at).toBeInstanceOf(Date)
    expect([...session.members.keys()].sort()).toEqual([world.owner, world.editor, world.viewer].sort())
    expect(contents(session)).toEqual(['first'])
    expect(session.messages.get(world.message_id)?.mentions).toEqual([])
    expect(session.toolEvents.get(world.tool_event_id)?.status).toBe('executing')
  })

  it('follows all shapes over one connection', async () => {
    const tab = openTab(world.viewer)
    const session = await follow(tab)
    await expect.poll(() => tab.connection.getSnapshot()).toBe('live')
    await sendAs(world.owner, 'second')
    await expect.poll(() => contents(session)).toEqual(['first', 'second'])
    await expect.poll(() => tab.inbox.get(world.session_id)?.unread_count).toBe(2)
    expect(requested.filter((url) => url.includes('live=true'))).toEqual([])
    const toLive = requested
      .map((url) => new URL(url).pathname)
      .filter((path) => path.startsWith('/api/live'))
    expect(toLive.filter((path) => path === '/api/live')).toHaveLength(1)
    expect(new Set(toLive).size).toBeLessThanOrEqual(2) // and the changes of that one
  })

  it('shows what is sent at once, and the same row confirmed, in every tab in one order', async () => {
    const tabs = [openTab(world.owner), openTab(world.editor), openTab(world.viewer)]
    const sessions = await Promise.all(tabs.map((tab) => follow(tab)))
    const sent = [tabs[0], tabs[1]].flatMap((tab, who) =>
      [1, 2, 3, 4, 5].map((n) => {
        const input = message(`${who} ${n}`)
        const { done } = tab?.mutate('chat_messages.send', input) ?? {}
        expect(sessions[who]?.messages.has(input.id)).toBe(true)
        return done
      }),
    )
    await Promise.all(sent)
    const expected = await stored()
    expect(expected).toHaveLength(11)
    for (const session of sessions) await expect.poll(() => contents(session)).toEqual(expected)
    expect(tabs[0]?.unsent.getSnapshot()).toEqual([])
  })

  it('takes back a refused change and says why', async () => {
    const tab = openTab(world.editor)
    const session = await follow(tab)
    const { done } = tab.mutate('session_members.changeRole', {
      session_id: world.session_id,
      account_id: world.viewer,
      role: 'owner',
    })
    expect(session.members.get(world.viewer)?.role).toBe('owner')
    await expect(done).rejects.toMatchObject({ code: 'forbidden' })
    expect(session.members.get(world.viewer)?.role).toBe('viewer')
    expect(tab.unsent.getSnapshot()).toMatchObject([{ state: 'failed', error: { code: 'forbidden' } }])
  })

  it('keeps a refused message on the screen until it is sent again or taken back', async () => {
    const tab = openTab(world.viewer)
    const session = await follow(tab)
    const input = message('may I?')
    const { id, done } = tab.mutate('chat_messages.send', input)
    await expect(done).rejects.toMatchObject({ code: 'forbidden' })
    expect(contents(session)).toEqual(['first', 'may I?'])
    await apply(stack.db, world.owner, 'session_members.changeRole', {
      session_id: world.session_id,
      account_id: world.viewer,
      role: 'editor',
    })
    tab.retry(id)
    await expect.poll(stored).toEqual(['first', 'may I?'])
    await expect.poll(() => session.messages.get(input.id)?.position).toBe(2)
    expect(tab.unsent.getSnapshot()).toEqual([])
  })

  it('forgets a refused message that is taken back', async () => {
    const tab = openTab(world.viewer)
    const session = await follow(tab)
    const { id, done } = tab.mutate('chat_messages.send', message('may I?'))
    await expect(done).rejects.toMatchObject({ code: 'forbidden' })
    tab.discard(id)
    expect(contents(session)).toEqual(['first'])
    expect(tab.unsent.getSnapshot()).toEqual([])
  })

  it('refuses what its schema refuses before anything is shown', async () => {
    const tab = openTab(world.owner)
    expect(() => tab.mutate('sessions.create', { id: uuidv7(), title: ' ' })).toThrow(
      expect.objectContaining({ code: 'invalid', message: 'title must not be empty.' }),
    )
    expect(tab.unsent.getSnapshot()).toEqual([])
  })

  it('shows a new session at once and can open it before the server has it', async () => {
    const tab = openTab(world.stranger)
    await tab.inbox.preload()
    const id = uuidv7()
    const { done } = tab.mutate('sessions.create', { id, title: 'Mine' })
    expect(tab.inbox.get(id)?.title).toBe('Mine')
    const session = await follow(tab, id)
    await done
    expect(session.session.get(id)?.title).toBe('Mine')
    expect([...session.members.values()].map(({ role }) => role)).toEqual(['owner'])
    expect(tab.ended.getSnapshot()).toEqual([])
  })
})

describe('while the network is away', () => {
  it('others’ messages go on appearing once it is back, and one’s own were on the screen all the time', async () => {
    const wire = await wired()
    const tab = openTab(world.editor, wire.url)
    const session = await follow(tab)
    await expect.poll(() => tab.connection.getSnapshot()).toBe('live')
    wire.cut()
    const mine = [1, 2, 3].map((n) => tab.mutate('chat_messages.send', message(`mine ${n}`)).done)
    await sendAs(world.owner, 'theirs')
    expect(contents(session)).toEqual(['first', 'mine 1', 'mine 2', 'mine 3'])
    await expect.poll(() => tab.connection.getSnapshot()).not.toBe('live')
    wire.mend()
    await Promise.all(mine)
    await expect.poll(() => contents(session)).toEqual(['first', 'theirs', 'mine 1', 'mine 2', 'mine 3'])
    expect(await stored()).toEqual(['first', 'theirs', 'mine 1', 'mine 2', 'mine 3'])
  })

  it('a change that cannot be sent holds nobody else’s back', async () => {
    const tab = openTab(world.editor, app.url, {
      send: () => new Promise(() => {}), // an answer that never comes
    })
    const session = await follow(tab)
    tab.mutate('chat_messages.send', message('stuck'))
    for (const n of [1, 2, 3]) await sendAs(world.owner, `theirs ${n}`)
    await expect.poll(() => contents(session)).toEqual(['first', 'theirs 1', 'theirs 2', 'theirs 3', 'stuck'])
  })

  it('nothing is lost or doubled when answers get lost on the way, wherever the wire is cut', async () => {
    const wire = await wired()
    const tab = openTab(world.editor, wire.url)
    const session = await follow(tab)
    const sent: Promise<void>[] = []
    for (let n = 0; n < 30; n++) {
      wire.cutAfterBytes(37 * n + 1)
      sent.push(tab.mutate('chat_messages.send', message(`mine ${n}`)).done)
      await sendAs(world.owner, `theirs ${n}`)
    }
    await Promise.all(sent)
    const expected = await stored()
    expect(new Set(expected).size).toBe(61)
    expect(expected.filter((content) => content.startsWith('mine'))).toEqual(
      Array.from({ length: 30 }, (_, n) => `mine ${n}`),
    )
    await expect.poll(() => contents(session), { timeout: 10_000 }).toEqual(expected)
  })
})

describe('a tab that goes', () => {
  it('leaves what it has not sent to the next, which shows and sends it', async () => {
    const wire = await wired()
    const first = openTab(world.editor, wire.url)
    await follow(first)
    wire.cut()
    first.mutate('chat_messages.send', message('one'))
    first.mutate('chat_messages.send', message('two'))
    await first.dispose()
    const second = openTab(world.editor, wire.url)
    await expect.poll(() => second.unsent.getSnapshot().length).toBe(2)
    const session = second.session(world.session_id)
    await expect.poll(() => contents(session)).toEqual(['one', 'two'])
    wire.mend()
    await follow(second)
    await expect.poll(stored).toEqual(['first', 'one', 'two'])
    await expect.poll(() => contents(session)).toEqual(['first', 'one', 'two'])
    await expect.poll(() => second.unsent.getSnapshot()).toEqual([])
  })

  it('leaves nothing to another account', async () => {
    const wire = await wired()
    const first = openTab(world.editor, wire.url)
    await follow(first)
    wire.cut()
    first.mutate('chat_messages.send', message('secret'))
    await first.dispose()
    const other = openTab(world.owner)
    const same = openTab(world.editor, wire.url)
    await expect.poll(() => same.unsent.getSnapshot().length).toBe(1)
    expect(other.unsent.getSnapshot()).toEqual([])
    wire.mend()
    await expect.poll(stored).toEqual(['first', 'secret'])
  })
})

describe('the account of a tab', () => {
  it('is named with every change and every token asked for, whoever the cookie belongs to', async () => {
    const named: [string, string | null][] = []
    const note: typeof fetch = (input, init) => {
      const headers = new Headers(init?.headers)
      named.push([new URL(String(input)).pathname, headers.get(ACCOUNT_HEADER)])
      headers.set('x-account', world.editor)
      return fetch(input, { ...init, headers })
    }
    const lost = () => Promise.reject(new TypeError('The answer was lost.'))
    const tab = openTab(world.editor, app.url, { fetch: note, send: lost })
    await follow(tab)
    tab.mutate('chat_messages.send', message('by the second door'))
    await expect.poll(stored).toEqual(['first', 'by the second door'])
    const asked = named.filter(([path]) => path === '/api/shape-tokens' || path === '/api/mutations')
    expect(new Set(asked.map(([path]) => path)).size).toBe(2)
    expect(new Set(asked.map(([, account]) => account))).toEqual(new Set([world.editor]))
  })
})

describe('access that ends', () => {
  it('ends the session in the tab, its rows with it, and leaves the rest live', async () => {
    const tab = openTab(world.viewer)
    const session = await follow(tab)
    const other = await makeWorld(stack.db)
    await tab.inbox.preload()
    await expect.poll(() => tab.connection.getSnapshot()).toBe('live')
    await apply(stack.db, world.owner, 'session_members.remove', {
      session_id: world.session_id,
      account_id: world.viewer,
    })
    await sendAs(world.owner, 'not for you')
    await expect.poll(() => tab.ended.getSnapshot()).toEqual([world.session_id])
    await expect.poll(() => session.messages.size).toBe(0)
    await expect.poll(() => tab.inbox.has(world.session_id)).toBe(false)
    await apply(stack.db, world.viewer, 'session_members.join', { token: other.token })
    await expect.poll(() => tab.inbox.has(other.session_id)).toBe(true)
  })

  it('begins again for who joins again', async () => {
    const tab = openTab(world.viewer)
    await follow(tab)
    await apply(stack.db, world.viewer, 'session_members.leave', { session_id: world.session_id })
    await expect.poll(() => tab.ended.getSnapshot()).toEqual([world.session_id])
    const token = await inviteBy(stack.db, world.owner, world.session_id)
    await tab.mutate('session_members.join', { token }).done
    await expect.poll(() => tab.ended.getSnapshot()).toEqual([])
    const session = await follow(tab)
    expect(contents(session)).toEqual(['first'])
  })

  it('is told of a session that was never this account’s', async () => {
    const tab = openTab(world.stranger)
    tab.session(world.session_id).messages.startSyncImmediate()
    await expect.poll(() => tab.ended.getSnapshot()).toEqual([world.session_id])
  })
})

describe('something on the way that holds answers back until they end', () => {
  it('is noticed, and what happens is shown all the same, with one request for all shapes', async () => {
    const collector = await openCollector(app.url, wirePort)
    closing.push(() => collector.close())
    const tab = openTab(world.viewer, collector.url, { timing: { retryMs: 20, firstByteMs: 300 } })
    const session = await follow(tab)
    for (const content of ['second', 'third', 'fourth']) {
      await sendAs(world.owner, content)
      await expect.poll(() => contents(session).at(-1), { timeout: 30_000 }).toBe(content)
    }
    expect(tab.connection.getSnapshot()).toBe('live')
    expect(requested.filter((url) => url.includes('live=true'))).toEqual([])
  })
})

describe('two servers behind a balancer', () => {
  it('carry a page between them, whichever its requests come to', async () => {
    const second = await stack.startApp({ publicUrl })
    closing.push(() => second.stop())
    const wire = await openWire([app.url, second.url], wirePort)
    closing.push(() => wire.close())
    const tab = openTab(world.viewer, wire.url)
    const session = await follow(tab)
    for (let n = 1; n <= 5; n++) {
      const mine = { id: uuidv7(), title: `Mine ${n}` }
      await tab.mutate('sessions.create', mine).done
      const other = await follow(tab, mine.id) // more shapes on the stream
      expect(other.session.get(mine.id)?.title).toBe(mine.title)
      await sendAs(world.owner, `${n}`)
      await expect.poll(() => contents(session).at(-1)).toBe(`${n}`)
    }
    await expect.poll(() => tab.connection.getSnapshot()).toBe('live')
  })
})

describe('a page that is hidden', () => {
  afterEach(() => void vi.unstubAllGlobals())

  it('gives up its connection, and shows everything when it is looked at again', async () => {
    const page = Object.assign(new EventTarget(), { hidden: false })
    vi.stubGlobal('document', page)
    const show = (isShown: boolean) => {
      page.hidden = !isShown
      page.dispatchEvent(new Event('visibilitychange'))
    }
    const streams: AbortSignal[] = []
    const tab = openTab(world.viewer, app.url, {
      fetch: (input, init) => {
        if (String(input).endsWith('/api/live') && init?.signal) streams.push(init.signal)
        return fetchAs(world.viewer)(input, init)
      },
    })
    const session = await follow(tab)
    await expect.poll(() => tab.connection.getSnapshot()).toBe('live')
    show(false)
    await expect.poll(() => streams.every(({ aborted }) => aborted), { timeout: 10_000 }).toBe(true)
    const before = streams.length
    await sendAs(world.owner, 'while nobody looked')
    show(true)
    await expect.poll(() => contents(session)).toEqual(['first', 'while nobody looked'])
    await expect.poll(() => streams.length).toBe(before + 1)
    await sendAs(world.owner, 'while somebody looked')
    await expect.poll(() => contents(session)).toHaveLength(3)
    expect(streams.at(-1)?.aborted).toBe(false)
  })
})

describe('a server that restarts', () => {
  it('is found again, and what was sent meanwhile arrives once', async () => {
    const wire = await wired()
    const tab = openTab(world.editor, wire.url)
    const session = await follow(tab)
    await expect.poll(() => tab.connection.getSnapshot()).toBe('live')
    const { port } = new URL(app.url)
    await app.stop()
    const { done } = tab.mutate('chat_messages.send', message('meanwhile'))
    await expect.poll(() => tab.connection.getSnapshot()).not.toBe('live')
    app = await stack.startApp({ port: Number(port), publicUrl })
    await done
    await sendAs(world.owner, 'afterwards')
    await expect.poll(() => contents(session)).toEqual(['first', 'meanwhile', 'afterwards'])
    await expect.poll(() => tab.connection.getSnapshot()).toBe('live')
  })
})

describe('Electric that restarts', () => {
  it('and has forgotten every handle leaves the rows on the screen, and what was missed comes', async () => {
    const tab = openTab(world.editor)
    const session = await follow(tab)
    await expect.poll(() => tab.connection.getSnapshot()).toBe('live')
    let fewest = session.messages.size
    session.messages.subscribeChanges(() => {
      fewest = Math.min(fewest, session.messages.size)
    })
    let mine: Promise<void> | undefined
    await stack.restartElectric(async () => {
      mine = tab.mutate('chat_messages.send', message('mine')).done
      await sendAs(world.owner, 'theirs')
    })
    await mine
    await expect.poll(() => contents(session).toSorted()).toEqual(['first', 'mine', 'theirs'])
    expect(contents(session)).toEqual(await stored())
    expect(fewest).toBe(1)
    await expect.poll(() => tab.connection.getSnapshot(), { timeout: 10_000 }).toBe('live')
  })
})
