/** Every formatter is made once: making one costs more than formatting a thousand dates with it. */
const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' })
const dayAndMonth = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const longDay = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const longDayAndYear = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
})
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

export const timeOfDay = (moment: Date): string => time.format(moment)
/** Without "am" and "pm": for the margin, where the first message of the group has said it. */
export const clockTime = (moment: Date): string =>
  time
    .formatToParts(moment)
    .filter((part) => part.type !== 'dayPeriod')
    .map((part) => part.value)
    .join('')
    .trim()
export const dateOnly = (moment: Date): string => date.format(moment)
export const fullMoment = (moment: Date): string => full.format(moment)

/** Names the local calendar day; equal for two moments of one day only. */
export function dayKey(moment: Date): string {
  return `${moment.getFullYear()}-${moment.getMonth() + 1}-${moment.getDate()}`
}

/** Calendar days from `moment` to `now`; a day of 23 or 25 hours counts as one. */
export function daysAgo(moment: Date, now: Date): number {
  const midnight = (d: Date) => Date.UTC(d.getFullYear(), d.getMonth(), d.getDate())
  return Math.round((midnight(now) - midnight(moment)) / 86_400_000)
}

/** The heading of a day in a thread. */
export function dayLabel(moment: Date, now: Date): string {
  const ago = daysAgo(moment, now)
  if (ago === 0 || ago === 1) {
    const word = relative.format(-ago, 'day')
    return word.charAt(0).toLocaleUpperCase() + word.slice(1)
  }
  return (moment.getFullYear() === now.getFullYear() ? longDay : longDayAndYear).format(moment)
}

/** As short as a list allows: the time today, the weekday this week, else the date. */
export function shortMoment(moment: Date, now: Date): string {
  const ago = daysAgo(moment, now)
  if (ago <= 0) return time.format(moment)
  if (ago < 7) return weekday.format(moment)
  return (moment.getFullYear() === now.getFullYear() ? dayAndMonth : date).format(moment)
}

/** How long a tool took, in the largest unit that says it. */
export function durationLabel(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}
