import { markersIn } from '../markers.ts'
import { Answers, type Seen } from './answers.ts'
import { serveCalls } from './calls.ts'
import { type Position, syncShape } from './follow-shape.ts'
import { LeanConnection } from './lean-http.ts'
import { LongPollClient } from './long-poll-client.ts'
import { StreamClient } from './stream-client.ts'

// Everybody who reads from the app, in one process; those of the app and those of its peer at the same time.

export interface Reader {
  sessionId: string
  /** Everybody has an own one, as real people do. */
  token: string
  position: Position
}

/** How they wait: each by one request after another, or over a stream. */
export type Kind = 'polls' | 'streams'

/** An answer as it came over the wire. */
export interface Sample {
  headers: Record<string, string>
  bytes: number
}

interface Group {
  answers: Answers
  /** Polls that wait. */
  waiting: number
  polls: LongPollClient[]
  streams: StreamClient[]
}

const groups = new Map<string, Group>()
const CONNECTING_AT_ONCE = 500

const calls = {
  /** Reads a shape to its end. */
  sync: async (port: number, path: string, token: string): Promise<Position> => {
    const connection = await LeanConnection.open(port, token)
    const { position } = await syncShape(connection, path)
    connection.close()
    return position
  },
  /** The next answer that carries a row. */
  sample: (port: number, kind: Kind, reader: Reader): Promise<Sample> =>
    kind === 'polls' ? samplePoll(port, reader) : sampleStream(port, reader),
  /** Streams wait at once, polls when they are told to. */
  connect: async (name: string, port: number, kind: Kind, readers: Reader[]): Promise<void> => {
    const group: Group = { answers: new Answers(), waiting: 0, polls: [], streams: [] }
    groups.set(name, group)
    for (let at = 0; at < readers.length; at += CONNECTING_AT_ONCE) {
      const some = readers.slice(at, at + CONNECTING_AT_ONCE)
      if (kind === 'polls') group.polls.push(...(await Promise.all(some.map((each) => openPoll(port, each)))))
      else group.streams.push(...(await Promise.all(some.map((each) => openStream(port, each, group)))))
    }
  },
  /** All ask once; resolves when they have asked. */
  pollOnce: (name: string): void => {
    const group = groupOf(name)
    for (const client of group.polls) poll(client, group)
  },
  /** How many wait for an answer now. @throws Error when one of them was refused */
  waiting: (name: string): number => {
    const { answers, waiting, streams } = groupOf(name)
    answers.expectNoFailure()
    return waiting + streams.filter((stream) => stream.isOpen).length
  },
  /** @throws Error when fewer come, or one of another kind */
  take: (name: string, count: number): Promise<Seen[]> => groupOf(name).answers.take(count),
  close: (name: string): void => {
    const { polls, streams } = groupOf(name)
    for (const client of [...polls, ...streams]) client.close()
    groups.delete(name)
  },
}

export type LiveClientCalls = typeof calls

function groupOf(name: string): Group {
  const group = groups.get(name)
  if (!group) throw new Error(`Nobody is connected as ${name}.`)
  return group
}

function poll(client: LongPollClient, group: Group): void {
  group.waiting++
  const answered = (body: Buffer) => {
    group.waiting--
    group.answers.record(markersIn(body))
  }
  client.poll(answered, (error) => group.answers.fail(error))
}

async function openPoll(port: number, { position, token }: Reader): Promise<LongPollClient> {
  return new LongPollClient(await LeanConnection.open(port, token), position)
}

function openStream(port: number, reader: Reader, { answers }: Group): Promise<StreamClient> {
  return StreamClient.open(
    port,
    reader,
    (bytes) => answers.record(markersIn(bytes)),
    (error) => answers.fail(error),
  )
}

/** Of the connection, not of the answer: a server adds its own. */
const HOP_HEADERS = new Set(['connection', 'keep-alive', 'date', 'transfer-encoding'])

async function samplePoll(port: number, { position, token }: Reader): Promise<Sample> {
  const connection = await LeanConnection.open(port, token)
  const { path, handle, offset } = position
  const { head, body } = await connection.ask(`${path}&handle=${handle}&offset=${offset}&live=true`)
  connection.close()
  const [, ...lines] = head.trim().split('\r\n')
  const headers = lines.map((line) => /^([^:]+):\s*(.*)$/.exec(line)?.slice(1) ?? [])
  return {
    headers: Object.fromEntries(headers.filter(([name = '']) => !HOP_HEADERS.has(name.toLowerCase()))),
    bytes: body.length,
  }
}

function sampleStream(port: number, reader: Reader): Promise<Sample> {
  return new Promise((resolve, reject) => {
    let last = 0
    const opening = StreamClient.open(
      port,
      reader,
      (bytes) => {
        // The head of a frame may have come by itself.
        last = bytes.length === 1 ? 0 : last + bytes.length
        if (markersIn(bytes).length === 0) return
        void opening.then((client) => client.close())
        resolve({ headers: {}, bytes: last })
      },
      reject,
    )
    opening.catch(reject)
  })
}

serveCalls(calls)
