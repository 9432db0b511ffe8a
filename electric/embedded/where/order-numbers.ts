/** Compares what int2, int4, int8 and numeric print, exactly and whatever their length. */
export function compareDecimals(a: string, b: string): number {
  if (a === b) return 0
  const byKind = kind(a) - kind(b)
  if (byKind !== 0) return byKind
  if (kind(a) !== FINITE) return 0
  const isNegative = a.charCodeAt(0) === MINUS
  if (isNegative !== (b.charCodeAt(0) === MINUS)) return isNegative ? -1 : 1
  return isNegative ? compareMagnitudes(b, a, 1) : compareMagnitudes(a, b, 0)
}

const MINUS = 0x2d
const FINITE = 1

// -Infinity is less than all numbers, Infinity and then NaN are greater.
function kind(text: string): number {
  const last = text.charCodeAt(text.length - 1)
  if (last >= 0x30 && last <= 0x39) return FINITE
  if (text === '-Infinity') return 0
  return text === 'Infinity' ? 2 : 3
}

/** Digits without leading zeros, perhaps a point and more digits. */
function compareMagnitudes(a: string, b: string, start: number): number {
  const aPoint = pointOf(a)
  const bPoint = pointOf(b)
  if (aPoint !== bPoint) return aPoint - bPoint
  const length = Math.max(a.length, b.length)
  for (let index = start; index < length; index++) {
    const difference = digit(a, index) - digit(b, index)
    if (difference !== 0) return difference
  }
  return 0
}

function pointOf(text: string): number {
  const point = text.indexOf('.')
  return point === -1 ? text.length : point
}

// The point itself counts as a zero, as do the digits that are not there.
function digit(text: string, index: number): number {
  const code = index < text.length ? text.charCodeAt(index) : 0x30
  return code < 0x30 ? 0 : code - 0x30
}

/** 1.50 and 1.5 are one number. */
export function decimalKey(text: string): string {
  if (!text.includes('.')) return text
  let end = text.length
  while (text.charCodeAt(end - 1) === 0x30) end--
  return text.slice(0, text.charCodeAt(end - 1) === 0x2e ? end - 1 : end)
}

/** NaN equals itself and is greater than all else. */
export function compareFloats(a: string, b: string): number {
  const left = Number(a)
  const right = Number(b)
  if (left === right) return 0
  if (Number.isNaN(left)) return Number.isNaN(right) ? 0 : 1
  if (Number.isNaN(right)) return -1
  return left < right ? -1 : 1
}

/** Zero has two signs and one key. */
export function floatKey(text: string): string {
  return String(Number(text) + 0)
}
