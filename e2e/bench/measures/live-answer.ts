import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from '../app-bench.ts'
import { shapePath } from '../electric/shape-requests.ts'
import { type Figure, figure } from '../figures.ts'
import { expectOk, type HttpClient } from '../http-client.ts'
import { interleave } from '../interleave.ts'
import { now } from '../processes/calls.ts'
import { messagesPath, tokenIssuer } from '../readers.ts'
import { commitOneEach, newSessions, type Place } from '../sessions.ts'

const COMMITS = 20
const SHORTEST_WAIT_MS = 5
const LONGEST_WAIT_MS = 15

/** From just before a commit to the answer of the one request that waits for it. */
export async function liveAnswer(bench: Bench, appUrl: string, pipeUrl: string): Promise<Figure[]> {
  const { sql, stack, rounds, signal } = bench
  // Each in a session of its own: what one of them was told is no news to the next.
  const [a, b, c] = await newSessions(sql, 3, { messages: 5, characters: 80 })
  if (!a || !b || !c) throw new RangeError('There are three sessions.')
  const issuer = await tokenIssuer(stack)
  const source = { table: 'chat_messages', secret: stack.electricSecret }
  const upstream = (base: string, { sessionId }: Place) => ({
    url: `${base}${shapePath(sessionId, source)}`,
    headers: {},
  })
  const viaApp = {
    url: `${appUrl}${messagesPath(a.sessionId)}`,
    headers: { authorization: `Bearer ${await issuer.issue(a.sessionId)}` },
  }
  const proxy = await answerOf(bench, a, viaApp)
  const pipe = await answerOf(bench, b, upstream(pipeUrl, b))
  const direct = await answerOf(bench, c, upstream(stack.electricUrl, c))
  const samples = await interleave(
    { rounds, turns: COMMITS, signal },
    { proxy, pipe, direct, proxyAgain: proxy, pipeAgain: pipe, directAgain: direct },
  )
  const measure = 'commit to a live answer through the proxy'
  const ours = { ours: samples.proxy, oursAgain: samples.proxyAgain }
  return [
    figure(
      { measure, peerName: 'bare pipe', limit: { times: 1.2 } },
      { ...ours, peer: samples.pipe, peerAgain: samples.pipeAgain },
    ),
    figure(
      { measure, peerName: 'Electric itself' },
      { ...ours, peer: samples.direct, peerAgain: samples.directAgain },
    ),
  ]
}

interface Address {
  url: string
  headers: Record<string, string>
}

/** Milliseconds. */
async function answerOf(
  { http, sql }: Bench,
  place: Place,
  address: Address,
): Promise<() => Promise<number>> {
  let position = await ask(http, address, 'offset=-1')
  return async () => {
    const answered = ask(http, address, `${position}&live=true`).then((next) => ({ next, at: now() }))
    await delay(SHORTEST_WAIT_MS + Math.random() * (LONGEST_WAIT_MS - SHORTEST_WAIT_MS))
    const committedAt = await commitOneEach(sql, [place])
    const { next, at } = await answered
    position = next
    return at - committedAt
  }
}

/** @returns where to ask next. */
async function ask(http: HttpClient, { url, headers }: Address, position: string): Promise<string> {
  const answer = await http.get(`${url}&${position}`, headers)
  expectOk(answer)
  const of = (name: string) => String(answer.headers[`electric-${name}`] ?? '')
  return `handle=${of('handle')}&offset=${of('offset')}&cursor=${of('cursor')}`
}
