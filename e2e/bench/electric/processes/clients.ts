import { markersIn } from '../../markers.ts'
import { Answers, type Seen } from '../../processes/answers.ts'
import { serveCalls } from '../../processes/calls.ts'
import { type Position, syncShape } from '../../processes/follow-shape.ts'
import { LeanConnection } from '../../processes/lean-http.ts'
import { LongPollClient } from '../../processes/long-poll-client.ts'
import { openEventStream } from './event-stream.ts'

// The clients of a shape server, all in one process.

let polls: LongPollClient[] = []
let closeStream: () => void = () => {}
let answers = new Answers()

const calls = {
  /** Reads a shape to its end. */
  sync: async (port: number, path: string): Promise<Position> => {
    const connection = await LeanConnection.open(port)
    const { position } = await syncShape(connection, path)
    connection.close()
    return position
  },
  /** Size of the next live answer. */
  answerBytes: async (port: number, position: Position): Promise<number> => {
    const client = new LongPollClient(await LeanConnection.open(port), position)
    const body = await new Promise<Buffer>((resolve, reject) => client.poll(resolve, reject))
    client.close()
    return body.length
  },
  /** How many shapes still go on from there under their handles. */
  countKnown: async (port: number, positions: Position[]): Promise<number> => {
    const connection = await LeanConnection.open(port)
    let known = 0
    for (const { path, handle, offset } of positions) {
      const answer = await connection.ask(`${path}&handle=${handle}&offset=${offset}`)
      if (answer.status === 200 && answer.header('electric-handle') === handle) known++
    }
    connection.close()
    return known
  },
  /** Connects `each` clients a position. */
  connect: async (port: number, positions: Position[], each: number): Promise<void> => {
    answers = new Answers()
    const wanted = positions.flatMap((position) => Array.from({ length: each }, () => position))
    polls = await Promise.all(
      wanted.map(async (position) => new LongPollClient(await LeanConnection.open(port), position)),
    )
  },
  /** All ask once; resolves when they have asked. */
  pollOnce: (): void => {
    const current = answers
    for (const client of polls) client.poll((body) => current.record(markersIn(body)), fail(current))
  },
  /** All ask again and again, as soon as they are answered. */
  pollOn: (): void => {
    const current = answers
    for (const client of polls) pollOn(client, current)
  },
  /** One client by server-sent events. */
  stream: async (port: number, position: Position): Promise<void> => {
    answers = new Answers()
    const current = answers
    closeStream = await openEventStream(
      port,
      position,
      (part) => current.record(markersIn(part)),
      fail(current),
    )
  },
  /** @throws Error when fewer come, or one of another kind */
  take: (count: number): Promise<Seen[]> => answers.take(count),
  close: (): void => {
    for (const client of polls) client.close()
    polls = []
    closeStream()
  },
}

export type ClientCalls = typeof calls

function pollOn(client: LongPollClient, current: Answers): void {
  client.poll((body) => {
    current.record(markersIn(body))
    pollOn(client, current)
  }, fail(current))
}

function fail(current: Answers): (error: Error) => void {
  return (error) => current.fail(error)
}

serveCalls(calls)
