import { expect, it } from 'vitest'
import { batchDoor, type Mutation } from './mutation-doors.ts'

/** A server that refuses every batch of several as a whole, and a thread's message as long as there is no thread. */
function createServer() {
  const created = new Set<string>()
  const server = async (_: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const { mutations }: { mutations: Mutation[] } = JSON.parse(String(init?.body))
    const [only, ...more] = mutations
    if (!only || more.length > 0) return Response.json({ error: refusal('invalid') }, { status: 413 })
    const { id, name } = only
    if (name === 'chat_threads.create') {
      await new Promise((resolve) => setImmediate(resolve))
      created.add('thread')
    } else if (created.size === 0) {
      return Response.json({ build: 'one', results: [{ id, ok: false, error: refusal('not_found') }] })
    }
    return Response.json({ build: 'one', results: [{ id, ok: true, txid: null, awaits: null }] })
  }
  return server
}

const refusal = (code: string) => ({ code, message: 'because' })

it('keeps the order of a batch that was refused as a whole', async () => {
  const resend = batchDoor(createServer(), 'http://localhost/api/mutations', () => {})
  const results = await resend([
    { id: '1', name: 'chat_threads.create', input: {} },
    { id: '2', name: 'chat_messages.send', input: {} },
  ])
  expect(results.map(({ ok }) => ok)).toEqual([true, true])
})
