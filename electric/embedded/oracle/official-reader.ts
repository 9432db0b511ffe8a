import {
  type ChangeMessage,
  type ExternalParamsRecord,
  type Message,
  type Row,
  Shape,
  ShapeStream,
  type ShapeStreamInterface,
} from '@electric-sql/client'
import { arrayOf } from './array-text.ts'
import { History } from './history.ts'
import { describeSubject, paramsOf, type Subject } from './random-subjects.ts'
import { difference, type ExpectedRows, type Reader } from './reader.ts'

interface Options {
  readonly url: string
  readonly subject: Subject
  readonly isSse: boolean
}

const asIs = (text: string) => text
const asWord = (text: string) => (text.startsWith('t') ? 'true' : 'false')
/** Texts stay as they come, but for arrays, which the client takes apart, and booleans, which come in two forms. */
const PARSER = {
  ...Object.fromEntries(
    ['int2', 'int4', 'int8', 'float4', 'float8', 'json', 'jsonb'].map((type) => [type, asIs]),
  ),
  bool: asWord,
}

abstract class OfficialReader implements Reader {
  readonly title: string
  readonly subject: Subject
  readonly definition: Readonly<Record<string, string>>
  protected readonly options: Options
  readonly #history = new History()
  #failure: Error | null = null

  constructor(name: string, options: Options) {
    this.subject = options.subject
    this.definition = paramsOf(options.subject)
    this.title = `official ${name}${options.isSse ? ' over SSE' : ''} of ${describeSubject(options.subject)}`
    this.options = options
  }

  abstract get handle(): string | null
  abstract start(): void
  abstract stop(): Promise<void>
  abstract get isUpToDate(): boolean
  abstract get rows(): ReadonlyMap<string, Row>

  get failure(): Error | null {
    return this.#failure
  }

  history(): readonly string[] {
    return this.#history.lines
  }

  difference(expected: ExpectedRows): string | null {
    if (!this.isUpToDate) return 'It is not up to date.'
    const arrays = new Set(expected.columns.filter(({ isArray }) => isArray).map(({ name }) => name))
    const wanted = [...expected.rows].map(([key, row]): [string, string] => {
      const parsed = Object.entries(row).map(([name, text]): [string, unknown] => {
        return [name, text !== null && arrays.has(name) ? arrayOf(text) : text]
      })
      return [key, JSON.stringify(parsed.sort(byName))]
    })
    const held = [...this.rows].map(([key, row]): [string, string] => [
      key,
      JSON.stringify(Object.entries(row).sort(byName)),
    ])
    return difference(new Map(wanted), new Map(held))
  }

  protected openStream(
    signal: AbortSignal,
    from: { offset?: `${number}_${number}`; handle?: string } = {},
  ): ShapeStream {
    return new ShapeStream({
      url: `${this.options.url}/v1/shape`,
      params: this.definition as ExternalParamsRecord, // the parameters' names are made
      parser: PARSER,
      liveSse: this.options.isSse,
      signal,
      warnOnHttp: false,
      backoffOptions: { initialDelay: 20, maxDelay: 200, multiplier: 1.5 },
      fetchClient: async (input, init) => {
        const response = await fetch(input, init)
        this.#history.add(
          `${new URL(String(input)).search} → ${response.status} ${response.headers.get('electric-offset')}`,
        )
        return withoutRetryAfter(response)
      },
      onError: (error) => {
        if (!signal.aborted) this.#failure ??= error
      },
      ...from,
    })
  }
}

/** The official client's own collection of rows. */
export class ShapeReader extends OfficialReader {
  #stop = new AbortController()
  #stream: ShapeStream | null = null
  #shape: Shape | null = null

  constructor(options: Options) {
    super('Shape', options)
  }

  get handle(): string | null {
    return this.#stream?.shapeHandle ?? null
  }

  get isUpToDate(): boolean {
    return this.#stream?.isUpToDate ?? false
  }

  get rows(): ReadonlyMap<string, Row> {
    return this.#shape?.currentValue ?? new Map()
  }

  /** Begins anew each time: a Shape cannot go on. */
  start(): void {
    this.#stop = new AbortController()
    this.#stream = this.openStream(this.#stop.signal)
    // The package's types do not agree with each other under exactOptionalPropertyTypes.
    this.#shape = new Shape(this.#stream as ShapeStreamInterface)
    this.#shape.subscribe(() => {})
  }

  async stop(): Promise<void> {
    this.#shape?.unsubscribeAll()
    this.#stop.abort()
  }
}

/** The official stream, whose messages are applied between one up-to-date and the next; it goes on where it was. */
export class StreamReader extends OfficialReader {
  #stop = new AbortController()
  #stream: ShapeStream | null = null
  #pending: Message[] = []
  readonly #rows = new Map<string, Row>()
  #from: { offset: `${number}_${number}`; handle: string } | null = null
  #isUpToDate = false

  constructor(options: Options) {
    super('ShapeStream', options)
  }

  get handle(): string | null {
    return this.#stream?.shapeHandle ?? null
  }

  get isUpToDate(): boolean {
    return this.#isUpToDate
  }

  get rows(): ReadonlyMap<string, Row> {
    return this.#rows
  }

  start(): void {
    this.#stop = new AbortController()
    this.#pending = []
    const stream = this.openStream(this.#stop.signal, this.#from ?? {})
    this.#stream = stream
    stream.subscribe((messages) => {
      if (stream === this.#stream) this.#receive(messages)
    })
  }

  async stop(): Promise<void> {
    this.#stream?.unsubscribeAll()
    this.#stream = null
    this.#stop.abort()
  }

  #receive(messages: readonly Message[]): void {
    this.#isUpToDate = false
    for (const message of messages) {
      if (!('control' in message.headers)) this.#pending.push(message)
      else if (message.headers.control === 'must-refetch') this.#forget()
      else if (message.headers.control === 'up-to-date') this.#settle()
    }
  }

  #forget(): void {
    this.#pending = []
    this.#rows.clear()
    this.#from = null
  }

  #settle(): void {
    for (const message of this.#pending) if ('key' in message) this.#apply(message)
    this.#pending = []
    this.#isUpToDate = true
    const stream = this.#stream
    if (!stream?.shapeHandle) return
    // The client's type for offsets has -1 and now, at which nobody is up to date.
    this.#from = { offset: stream.lastOffset as `${number}_${number}`, handle: stream.shapeHandle }
  }

  #apply({ key, value, headers }: ChangeMessage): void {
    if (headers.operation === 'delete') this.#rows.delete(key)
    else this.#rows.set(key, headers.operation === 'insert' ? value : { ...this.#rows.get(key), ...value })
  }
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}

// How long to wait is meant for servers that are away for a while.
function withoutRetryAfter(response: Response): Response {
  if (!response.headers.has('retry-after')) return response
  const { status, body } = response
  const headers = [...response.headers].filter(([name]) => name !== 'retry-after')
  return new Response(body, { status, headers })
}
