export interface JsonElement {
  value: unknown
  /** The element as it was written, digit for digit, without the whitespace between its tokens. */
  raw: string
}

/** Where and why a text is not a JSON array; line and column count from 1. */
export class BrokenJsonArray extends Error {
  override name = 'BrokenJsonArray'
  readonly line: number
  readonly column: number

  constructor(problem: string, text: string, at: number) {
    super(problem)
    const before = text.slice(0, at)
    this.line = before.split('\n').length
    this.column = at - before.lastIndexOf('\n')
  }
}

/**
 * The elements of a JSON array, one at a time: their own text is needed as evidence, which `JSON.parse` of the whole
 * would lose (numbers beyond a double, repeated keys, order).
 * @throws BrokenJsonArray at the first place that is not one.
 */
export function* jsonArrayElements(text: string): Generator<JsonElement> {
  let at = skipSpace(text, 0)
  if (at === text.length) throw new BrokenJsonArray('it is empty', text, at)
  if (text[at] !== '[') throw new BrokenJsonArray('it is not a list of records', text, at)
  at = skipSpace(text, at + 1)
  if (text[at] === ']') return expectEnd(text, at + 1)
  for (let number = 1; ; number++) {
    const start = at
    const { raw, end } = scanElement(text, start)
    if (end === text.length) {
      throw new BrokenJsonArray(`it ends in the middle of record ${number}`, text, end)
    }
    // Not of `raw`: without whitespace "1 2" would become a number.
    yield { value: parse(text, start, end, number), raw }
    if (text[end] === ']') return expectEnd(text, end + 1)
    if (text[end] !== ',') throw new BrokenJsonArray(`record ${number} is not valid JSON`, text, end)
    at = skipSpace(text, end + 1)
  }
}

// Only brackets and strings need to be known to find where an element ends; whether it is valid JSON, JSON.parse says.
function scanElement(text: string, start: number): { raw: string; end: number } {
  const tokens: string[] = []
  let from = start
  let depth = 0
  let at = start
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = skipString(text, at)
    } else if (isSpace(code)) {
      if (from < at) tokens.push(text.slice(from, at))
      at = from = skipSpace(text, at)
    } else {
      if (depth === 0 && (code === COMMA || isClosing(code))) break
      if (isOpening(code)) depth++
      else if (isClosing(code)) depth--
      at++
    }
  }
  tokens.push(text.slice(from, at))
  return { raw: tokens.join(''), end: at }
}

function parse(text: string, start: number, end: number, number: number): unknown {
  try {
    return JSON.parse(text.slice(start, end))
  } catch {
    throw new BrokenJsonArray(`record ${number}, which begins there, is not valid JSON`, text, start)
  }
}

function expectEnd(text: string, from: number): void {
  const at = skipSpace(text, from)
  if (at < text.length) throw new BrokenJsonArray('something follows the end of the list', text, at)
}

function skipString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at + 1
  }
  return text.length
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (at < text.length && isSpace(text.charCodeAt(at))) at++
  return at
}

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const isSpace = (code: number) => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
const isOpening = (code: number) => code === 0x5b || code === 0x7b
const isClosing = (code: number) => code === 0x5d || code === 0x7d
