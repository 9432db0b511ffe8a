import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeHead } from '#proxy/live/frames.ts'
import { openPage, type PeerEntry, type PeerStream, pass } from './testing-page.ts'

const SHAPES = ['a', 'b', 'c'] as const
type Page = ReturnType<typeof openPage>
type Client = ReturnType<Page['follow']>

/** A server with a log for each shape, and a page that follows them; what happens between them is up to the test. */
function createWorld() {
  const page = openPage()
  const { peer } = page
  const published = { a: 0, b: 0, c: 0 }
  const clients: { shape: (typeof SHAPES)[number]; start: number; client: Client }[] = []
  const over = new WeakSet<PeerStream>()
  const answered = new WeakSet<object>()

  const running = () => peer.streams.filter((stream) => !stream.signal.aborted && !over.has(stream))
  const last = (shape: string) => published[shape as keyof typeof published]
  const end = (stream: PeerStream, how: 'end' | 'fail') => {
    over.add(stream)
    stream[how]()
  }

  /** What comes next in an entry's log, whole or in pieces; `broken` begins with a part that is void. */
  const answer = (stream: PeerStream, entry: PeerEntry, how: 'whole' | 'pieces' | 'broken') => {
    const at = numberOf(entry.offset)
    if (at >= last(entry.shape)) return
    const headers = headersAt(at + 1)
    const [front, back] = [Buffer.from(`[${at + 1}`), Buffer.from(']')]
    const head = (bytes: number, more: boolean) => encodeHead(entry.id, { status: 200, headers }, bytes, more)
    if (how === 'broken') stream.write(Buffer.concat([head(front.length, true), front]))
    if (how === 'whole') stream.write(Buffer.concat([head(front.length + 1, false), front, back]))
    else {
      stream.write(Buffer.concat([head(front.length, true), front]))
      stream.write(Buffer.concat([encodeHead(entry.id, null, back.length, false), back]))
    }
    entry.offset = headers['electric-offset']
  }

  const serve = (how: 'whole' | 'pieces' | 'broken' = 'whole') => {
    for (const stream of running()) {
      const news = stream.entries.filter(({ shape, offset }) => numberOf(offset) < last(shape))
      for (const entry of news) answer(stream, entry, how)
      if (stream.once && news.length > 0) end(stream, 'end')
    }
    for (const request of peer.direct) {
      const at = numberOf(request.url.searchParams.get('offset') ?? '')
      const shape = request.url.pathname.slice('/shapes/'.length)
      if (answered.has(request) || at >= last(shape)) continue
      answered.add(request)
      request.answer(new Response(`[${at + 1}]`, { headers: headersAt(at + 1) }))
    }
  }

  return {
    page,
    clients,
    last,
    serve,
    publish: (shape: (typeof SHAPES)[number]) => {
      published[shape]++
    },
    follow: (shape: (typeof SHAPES)[number]) => {
      const start = published[shape]
      if (clients.length < 5) clients.push({ shape, start, client: page.follow(shape, `${start}_0`) })
    },
    breakStreams: (how: 'end' | 'fail') => {
      for (const stream of running()) end(stream, how)
    },
    refuse: (shape: string, status: number) => {
      for (const stream of running()) {
        const entry = stream.entries.find((each) => each.shape === shape)
        if (!entry) continue
        stream.entries = stream.entries.filter((each) => each !== entry)
        stream.write(encodeHead(entry.id, { status, headers: {} }, 0, false))
      }
    },
    beat: () => {
      for (const stream of running()) stream.beat()
    },
    /** As Electric's client does after an error, or when the page is visible again. */
    askAgain: () => {
      for (const { client } of clients) {
        if (client.error === undefined && (client.status ?? 200) === 200) continue
        client.error = undefined
        client.status = undefined
        client.abort = new AbortController()
        void client.ask()
      }
    },
  }
}

type World = ReturnType<typeof createWorld>

function headersAt(n: number) {
  return { 'electric-handle': 'h', 'electric-offset': `${n}_0`, 'electric-cursor': String(n) }
}

const numberOf = (offset: string) => Number(offset.split('_')[0])

type Step = (world: World) => unknown
const anyShape = fc.constantFrom(...SHAPES)
const shapeStep = (what: (world: World, shape: (typeof SHAPES)[number]) => unknown) =>
  anyShape.map(
    (shape): Step =>
      (world) =>
        what(world, shape),
  )
const setting = <T>(values: T[], set: (peer: World['page']['peer'], value: T) => void) =>
  fc.constantFrom(...values).map(
    (value): Step =>
      ({ page }) =>
        set(page.peer, value),
  )

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: shapeStep((world, shape) => world.publish(shape)) },
  { weight: 3, arbitrary: shapeStep((world, shape) => world.follow(shape)) },
  {
    weight: 6,
    arbitrary: fc.constantFrom(5, 15, 100, 1500, 6000, 30_000).map(
      (ms): Step =>
        () =>
          pass(ms),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom('whole' as const, 'pieces' as const, 'broken' as const).map(
      (how): Step =>
        (world) =>
          world.serve(how),
    ),
  },
  fc.constantFrom('end' as const, 'fail' as const).map(
    (how): Step =>
      (world) =>
        world.breakStreams(how),
  ),
  shapeStep((world, shape) => world.refuse(shape, 401)),
  shapeStep((world, shape) => world.refuse(shape, 503)),
  fc.constant<Step>((world) => world.beat()),
  fc.constant<Step>((world) => world.askAgain()),
  fc.constant<Step>((world) => world.clients.at(-1)?.client.abort.abort()),
  setting([204, 404, 503], (peer, status) => {
    peer.status.change = status
  }),
  setting([true, false], (peer, holds) => {
    peer.holdsChanges = holds
  }),
  setting([204, 404], (peer, status) => {
    for (const change of peer.changes) change.answer(status)
  }),
  setting([true, false], (peer, names) => {
    peer.namesStreams = names
  }),
  setting([true, false], (peer, greets) => {
    peer.greets = greets
  }),
  setting([true, false, false], (peer, isDown) => {
    peer.isDown = isDown
  }),
  setting([200, 200, 405, 503], (peer, status) => {
    peer.status.live = status
  }),
  setting([200, 200, 503], (peer, status) => {
    peer.status.token = status
  }),
)

async function untilEverybodyHasEverything(world: World): Promise<void> {
  const { peer } = world.page
  peer.status.live = peer.status.token = 200
  peer.status.change = 204
  peer.holdsChanges = peer.isDown = false
  peer.greets = true
  for (const change of peer.changes) change.answer(204)
  const isBehind = () =>
    world.clients.some(({ shape, client }) => numberOf(client.offset) < world.last(shape))
  // Where each shape asks for itself, only an answer brings a client back to the stream.
  for (let n = 0; n < 300 && (n < 100 || isBehind()); n++) {
    if (n === 70) for (const shape of SHAPES) world.publish(shape)
    world.askAgain()
    world.beat()
    world.serve()
    await pass(1000)
  }
}

it('whatever happens on the way, every reader is given every answer once and in order', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async (steps) => {
      const world = createWorld()
      try {
        for (const each of steps) {
          await each(world)
          await pass(1)
        }
        await untilEverybodyHasEverything(world)
        for (const { shape, start, client } of world.clients) {
          const all = Array.from({ length: world.last(shape) - start }, (_, n) => `[${start + n + 1}]`)
          expect(client.bodies).toEqual(all)
        }
        if (world.clients.length > 0) expect(world.page.state()).toBe('live')
      } finally {
        world.page.close()
      }
    }),
    { numRuns: 300 },
  )
})
