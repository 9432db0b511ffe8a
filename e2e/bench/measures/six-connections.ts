import { setTimeout as delay } from 'node:timers/promises'
import type { Browser, Page } from 'playwright/test'
import { v7 as uuidv7 } from 'uuid'
import { createSession, createThread, localPerson, type Person } from '../../people.ts'
import type { Bench } from '../app-bench.ts'
import { browserUrl, newContext, openBarePage, openBrowser } from '../browser/launch.ts'
import { type LiveWatch, watchLive } from '../browser/live-watch.ts'
import { type Figure, figure } from '../figures.ts'
import { interleave } from '../interleave.ts'
import { messagesPath, type TokenIssuer, tokenIssuer } from '../readers.ts'
import { newSessions, type Place } from '../sessions.ts'

const TABS = 5
const SESSIONS_EACH = 4
const SESSION_SHAPES = ['sessions', 'session_members', 'chat_threads', 'chat_messages', 'chat_tool_events']
const ACCOUNT_SHAPES = ['accounts', 'inbox_entries']
const TURNS = 20
const LONGEST_PAUSE_MS = 10
const LIMIT = { times: 1.5 }

/** Over HTTP/1.1 a browser has six connections to an origin: what is left of them while many sessions are live? */
export async function sixConnections(bench: Bench): Promise<Figure[]> {
  const url = browserUrl(await bench.app())
  const browser = await openBrowser(bench)
  const asked = await requestsOf(bench, url)
  const idle = await openBarePage(await newContext(browser), url)
  const asset = await assetOf(idle, url)
  const tabs = await openTabs(browser, url, await localPerson(url))
  const [{ page: loaded } = { page: idle }] = tabs
  await expectAllLive(bench, tabs)
  const requests = { write: asked.write, asset: () => asset, snapshot: asked.snapshot }
  const figures: Figure[] = []
  const { rounds, signal } = bench
  for (const [what, next] of Object.entries(requests)) {
    const ours = () => timeOf(loaded, next())
    const peer = () => timeOf(idle, next())
    const samples = await interleave({ rounds, turns: TURNS, signal }, { ours, peer, oursAgain: ours })
    const measure = `${what} beside ${TABS} tabs with ${TABS * SESSIONS_EACH} live sessions`
    figures.push(figure({ measure, peerName: 'nothing live', limit: LIMIT }, samples))
  }
  await expectAllLive(bench, tabs)
  return figures
}

interface Tab {
  page: Page
  live: LiveWatch
  sessions: string[]
}

/** In one context, whose tabs share the six connections. */
async function openTabs(browser: Browser, url: string, owner: Person): Promise<Tab[]> {
  const context = await newContext(browser)
  const titles = Array.from(
    { length: TABS * SESSIONS_EACH },
    (_, n) => `Session ${String(n + 1).padStart(2, '0')}`,
  )
  const sessions = new Map<string, string>()
  for (const title of titles) {
    const sessionId = await createSession(owner, title)
    await createThread(owner, sessionId, 'General')
    sessions.set(title, sessionId)
  }
  const tabs: Tab[] = []
  for (let n = 0; n < TABS; n++) {
    const page = await context.newPage()
    const live = watchLive(page)
    await page.goto(url)
    tabs.push({ page, live, sessions: [] })
  }
  // What was visited stays live for a minute.
  for (const [n, title] of titles.entries()) {
    const tab = tabs[n % TABS]
    await tab?.page.getByRole('navigation', { name: 'Sessions' }).getByText(title, { exact: true }).click()
    await tab?.page.getByRole('textbox', { name: /^Write in/ }).waitFor()
    tab?.sessions.push(sessions.get(title) ?? '')
  }
  return tabs
}

const LIVE_WITHIN_MS = 10_000

async function expectAllLive({ fail }: Bench, tabs: Tab[]): Promise<void> {
  for (const { page, live, sessions } of tabs) {
    const wanted = sessions.flatMap((session) => SESSION_SHAPES.map((shape) => `${shape} ${session}`))
    wanted.push(...ACCOUNT_SHAPES.map((shape) => `${shape} `))
    const missing = () => wanted.filter((each) => !live.followed().has(each))
    for (const deadline = Date.now() + LIVE_WITHIN_MS; missing().length > 0 && Date.now() < deadline; )
      await delay(50)
    if (missing().length > 0) fail(`${missing().length} of ${wanted.length} shapes of a tab are not live`)
    if (live.open() !== 1) fail(`${live.open()} live connections of a tab`)
    if (live.most() > 1) fail(`${live.most()} live connections of a tab at a time`)
    const protocol = await page.evaluate(
      () => performance.getEntriesByType('navigation').map((each) => each.toJSON())[0]?.nextHopProtocol,
    )
    if (protocol !== 'http/1.1') fail(`The pages came over ${protocol}.`)
  }
}

/** What `fetch` is called with. */
interface Asked {
  path: string
  init: { method?: string; headers?: Record<string, string>; body?: string }
}

async function requestsOf(bench: Bench, url: string): Promise<Record<'write' | 'snapshot', () => Asked>> {
  const owner = await localPerson(url)
  const session_id = await createSession(owner, 'Written to')
  const thread_id = await createThread(owner, session_id, 'General')
  // Each is asked for once: by three in a turn, and in the round that warms up too.
  const count = (bench.rounds + 1) * TURNS * 3
  const places = await newSessions(bench.sql, count, { messages: 20, characters: 300 })
  const issuer = await tokenIssuer(bench.stack)
  const snapshots = await Promise.all(places.map((place) => snapshotOf(place, issuer)))
  return {
    write: () => {
      const input = { id: uuidv7(), session_id, thread_id, content: 'A message as people write them.' }
      const mutation = { id: uuidv7(), name: 'chat_messages.send', input }
      return {
        path: '/api/mutations',
        init: {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ mutations: [mutation] }),
        },
      }
    },
    snapshot: () => snapshots.pop() ?? { path: '/none', init: {} },
  }
}

async function snapshotOf({ sessionId }: Place, issuer: TokenIssuer): Promise<Asked> {
  const headers = { authorization: `Bearer ${await issuer.issue(sessionId)}` }
  return { path: `${messagesPath(sessionId)}&offset=-1`, init: { headers } }
}

/** One that every page needs. */
async function assetOf(page: Page, url: string): Promise<Asked> {
  const html = await (await page.request.get(url)).text()
  const [path] = /\/assets\/[\w.-]+\.js/.exec(html) ?? []
  if (!path) throw new Error('The page has no script.')
  return { path, init: {} }
}

/** Milliseconds as the page has them, to the last byte. */
async function timeOf(page: Page, asked: Asked): Promise<number> {
  await delay(Math.random() * LONGEST_PAUSE_MS)
  const { ms, status } = await page.evaluate(async ({ path, init }) => {
    const startedAt = performance.now()
    const answer = await fetch(path, { ...init, cache: 'no-store' })
    await answer.arrayBuffer()
    return { ms: performance.now() - startedAt, status: answer.status }
  }, asked)
  if (status !== 200) throw new Error(`${asked.path} was answered with ${status}.`)
  return ms
}
