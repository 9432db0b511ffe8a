import { compareAscii } from './order-texts.ts'

/** Compares what one of date, timestamp and timestamptz prints under `DateStyle = ISO` and `TimeZone = UTC`. */
export function compareDatetimes(a: string, b: string): number {
  return isPlain(a) && isPlain(b) ? compareAscii(a, b) : compareInstants(a, b)
}

// Of four digits of the year and no other era, such texts are in the order of what they mean. A zone is a plus sign
// after the seconds, which is less than the point before their fraction.
function isPlain(text: string): boolean {
  return text.charCodeAt(4) === 0x2d && text.charCodeAt(text.length - 1) !== 0x43
}

/** Compares one of these types with another. */
export function compareInstants(a: string, b: string): number {
  const left = microseconds(a)
  const right = microseconds(b)
  if (left === right) return 0
  return left < right ? -1 : 1
}

const DATETIME = /^(\d+)-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:\+00)?)?( BC)?$/
const DAY = 86_400_000_000n
const BEYOND = 1n << 80n

/** Since 1970, also for what a Date cannot hold. */
export function microseconds(text: string): bigint {
  if (text === 'infinity') return BEYOND
  if (text === '-infinity') return -BEYOND
  const match = DATETIME.exec(text)
  if (!match) throw new RangeError(`${JSON.stringify(text)} is no date or time as Postgres prints it`)
  const [, year, month, day, hours = '0', minutes = '0', seconds = '0', fraction = '', era] = match
  const days = daysSince1970(era ? 1 - Number(year) : Number(year), Number(month), Number(day))
  const time = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
  return BigInt(days) * DAY + BigInt(time) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
}

/** In the Gregorian calendar, continued in both directions. */
function daysSince1970(year: number, month: number, day: number): number {
  // Years begin in March: a leap day is then their last.
  const shifted = month > 2 ? year : year - 1
  const century = Math.floor(shifted / 400)
  const yearOfCycle = shifted - century * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfCycle =
    yearOfCycle * 365 + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100) + dayOfYear
  return century * 146_097 + dayOfCycle - 719_468
}
