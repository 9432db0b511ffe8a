/**
 * Reads the fields of one old record. Nothing ever validated them, so every read says what it falls back to and
 * notes why; the raw record keeps what a column cannot hold.
 */
export class LegacyFields {
  readonly reasons: string[] = []
  readonly #fields: Record<string, unknown>

  constructor(fields: Record<string, unknown>) {
    this.#fields = fields
  }

  get(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined
  }

  has(name: string): boolean {
    return this.get(name) !== undefined && this.get(name) !== null
  }

  note(reason: string): void {
    this.reasons.push(reason)
  }

  /** A short text such as an id; null when absent or not one. */
  shortText(name: string, maxLength: number): string | null {
    if (!this.has(name)) return null
    const value = this.get(name)
    if (typeof value === 'string' && value !== '' && value.length <= maxLength && !value.includes('\0')) {
      return value.toWellFormed()
    }
    this.note(`${name} is not a text of 1 to ${maxLength} characters: left out`)
    return null
  }

  oneOf<T extends string>(name: string, known: readonly T[], otherwise: T): T {
    const value = this.get(name)
    const found = known.find((one) => one === value)
    if (found === undefined) this.note(`${name} ${shown(value)} is unknown: taken as ${otherwise}`)
    return found ?? otherwise
  }

  /** The first of several fields that holds a time. */
  moment(names: [string, ...string[]], otherwise: { value: Date; words: string }): Date {
    for (const name of names) {
      const value = momentOf(this.get(name))
      if (!value) continue
      if (name !== names[0]) this.note(`${names[0]} ${shown(this.get(names[0]))} is no time: ${name} taken`)
      return value
    }
    this.note(`${names[0]} ${shown(this.get(names[0]))} is no time: ${otherwise.words} taken`)
    return otherwise.value
  }

  optionalMoment(name: string): Date | null {
    const value = momentOf(this.get(name))
    if (!value && this.has(name)) this.note(`${name} ${shown(this.get(name))} is no time: left out`)
    return value
  }

  /** Any JSON that a column can hold; null when absent or not holdable. */
  json(name: string): unknown {
    const value = this.get(name) ?? null
    const problem = whyNotHoldable(value)
    if (!problem) return value
    this.note(`${name} ${problem}: left out`)
    return null
  }

  /** The items of a list that `read` understands; null when there are none. */
  list<T>(name: string, read: (item: Record<string, unknown>) => T | null): T[] | null {
    const value = this.json(name)
    if (value === null) return null
    if (!Array.isArray(value)) {
      this.note(`${name} is not a list: left out`)
      return null
    }
    const items = value.map((item) => (isRecord(item) ? read(item) : null)).filter((item) => item !== null)
    if (items.length < value.length) this.note(`${value.length - items.length} of ${name} left out`)
    return items.length > 0 ? items : null
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/

/** ISO-8601 (UTC where it names no zone) or milliseconds since 1970; null outside of the years that can be meant. */
export function momentOf(value: unknown): Date | null {
  const time = typeof value === 'number' ? value : typeof value === 'string' ? isoTime(value) : Number.NaN
  return time >= Date.UTC(1970) && time < Date.UTC(2100) ? new Date(time) : null
}

function isoTime(text: string): number {
  const match = ISO.exec(text)
  if (!match) return Number.NaN
  // A time without a zone would be read in the zone of the machine that happens to run the import.
  return Date.parse(match[1] !== undefined && match[4] === undefined ? `${text}Z` : text)
}

const MAX_JSON_BYTES = 100 * 1024
// Postgres parses jsonb recursively and gives up with an error; nothing real is nested like this.
const MAX_JSON_DEPTH = 100

function whyNotHoldable(value: unknown): string | null {
  if (isTooDeep(value)) return `is nested more than ${MAX_JSON_DEPTH} deep`
  const text = JSON.stringify(value)
  if (Buffer.byteLength(text) > MAX_JSON_BYTES) return 'is larger than 100 KB'
  return /(?<!\\)(\\\\)*\\u(0000|d[89a-f])/.test(text) ? 'holds U+0000 or half a character' : null
}

function isTooDeep(value: unknown): boolean {
  let level = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH) return true
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
  }
  return false
}

/** A value as a message may show it: short and on one line. */
export function shown(value: unknown): string {
  if (value === undefined) return '(absent)'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '(a list)' : '(an object)'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
