const INTERVAL =
  /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?)(\d+)(?:\.(\d{1,6}))?S)?)?$/
const SECOND = 1_000_000n
const DAY = 86_400n * SECOND
const BEYOND = 1n << 100n

/** Compares what interval prints under `IntervalStyle = iso_8601`. A month is thirty days, a day 24 hours. */
export function compareIntervals(a: string, b: string): number {
  const left = span(a)
  const right = span(b)
  if (left === right) return 0
  return left < right ? -1 : 1
}

/** A month, thirty days and 720 hours are equal. */
export function intervalKey(text: string): string {
  return String(span(text))
}

function span(text: string): bigint {
  if (text === 'infinity') return BEYOND
  if (text === '-infinity') return -BEYOND
  const match = INTERVAL.exec(text)
  if (!match) throw new RangeError(`${JSON.stringify(text)} is no interval as Postgres prints it`)
  const [
    ,
    years = '0',
    months = '0',
    days = '0',
    hours = '0',
    minutes = '0',
    sign,
    seconds = '0',
    fraction = '',
  ] = match
  const calendar = (BigInt(years) * 12n + BigInt(months)) * 30n + BigInt(days)
  const rest = BigInt(seconds) * SECOND + BigInt(fraction.padEnd(6, '0'))
  const clock = (BigInt(hours) * 60n + BigInt(minutes)) * 60n * SECOND
  return calendar * DAY + clock + (sign === '-' ? -rest : rest)
}
