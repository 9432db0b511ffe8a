import type { OnProgress, Progress } from '#db/backup/progress.ts'

const ON_TERMINAL_MS = 100
const AS_LINES_MS = 5_000

/** Shows how far a command is: one line that changes on a terminal, else a line now and then. */
export function progressLine(
  out: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>,
  now: () => number = () => performance.now(),
): {
  show: OnProgress
  /** Leaves the terminal as it was. */
  clear(): void
} {
  const everyMs = out.isTTY ? ON_TERMINAL_MS : AS_LINES_MS
  let shownAt = Number.NEGATIVE_INFINITY
  let step = ''
  return {
    show: (progress) => {
      if (progress.step === step && now() - shownAt < everyMs) return
      step = progress.step
      shownAt = now()
      out.write(out.isTTY ? `\r\x1b[K${sentence(progress)}` : `${sentence(progress)}\n`)
    },
    clear: () => {
      if (out.isTTY && step) out.write('\r\x1b[K')
      step = ''
    },
  }
}

function sentence({ step, share, rows, bytes }: Progress): string {
  const percent = `${Math.min(100, Math.floor(share * 100))} %`.padStart(5)
  return `${step} ${percent}  ${rows > 0 ? `${count(rows)} rows, ` : ''}${size(bytes)}`
}

/** `1,234,567`. */
export function count(number: number): string {
  return number.toLocaleString('en-US')
}

/** `12.3 MB`. */
export function size(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}
