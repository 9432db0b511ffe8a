import type { MutationAnswer, MutationName } from '#db/inputs/index.ts'

export interface MutationError {
  code: string
  message: string
  fields?: Record<string, string[]>
}

/** A change on its way to the server; sent again it keeps its id, and the server applies it once. */
export interface Mutation {
  id: string
  name: MutationName
  input: unknown
}

export type MutationResult = ({ ok: true } & MutationAnswer) | { ok: false; error: MutationError }

export interface MutationDoors {
  /** The interface's own door, for what the person does now. Throws when the server cannot be reached. */
  send(mutation: Mutation): Promise<MutationResult>
  /** The door for everything that outlives a page: several at once, in order. */
  resend(mutations: Mutation[]): Promise<MutationResult[]>
}

/** What a mutation was refused with; its code says what kind of reason, its message is for the person. */
export class MutationRefused extends Error {
  override name = 'MutationRefused'
  readonly code: string
  readonly fields: Record<string, string[]> | undefined

  constructor({ code, message, fields }: MutationError) {
    super(message)
    this.code = code
    this.fields = fields
  }
}

const TIMEOUT_MS = 30_000
const WORTH_RETRYING = new Set(['unavailable', 'rate_limited', 'unauthenticated'])

/** Whether the same mutation may succeed later. Signed out counts: it waits for its account's next visit. */
export function isWorthRetrying({ code }: MutationError): boolean {
  return WORTH_RETRYING.has(code)
}

/** `POST /api/mutations`. */
export function batchDoor(
  fetch: typeof globalThis.fetch,
  url: string,
  onBuild: (build: string) => void,
): MutationDoors['resend'] {
  const resend: MutationDoors['resend'] = async (mutations) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mutations: mutations.map(({ id, name, input }) => ({ id, name, input })) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (response.ok) {
      const { build, results }: { build: string; results: MutationResult[] } = await response.json()
      onBuild(build)
      return results
    }
    const error = await readError(response)
    if (response.status >= 500 || isWorthRetrying(error)) throw new TypeError(error.message)
    // The request as a whole was refused: one alone is the reason, of several any may be.
    if (mutations.length === 1) return [{ ok: false, error }]
    const results: MutationResult[] = []
    // One after another: what is sent into a thread needs the thread before it.
    for (const each of mutations) results.push(...(await resend([each])))
    return results
  }
  return resend
}

async function readError(response: Response): Promise<MutationError> {
  const body: { error?: MutationError } = await response.json().catch(() => ({}))
  const message = `The server answered with status ${response.status}.`
  return body.error ?? { code: 'invalid', message }
}

/** Rejects when the answer takes so long that it must be taken for lost. */
export function withinTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TypeError('No answer in time.')), TIMEOUT_MS)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
