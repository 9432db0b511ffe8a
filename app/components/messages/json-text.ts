/** What is shown of a value at first; the whole can be copied. */
const MAX_SHOWN_CHARACTERS = 20_000

/** JSON as people read it; a text is shown as it is, with its line ends. */
export function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '')
}

export function shownPart(text: string): { text: string; left: number } {
  return { text: text.slice(0, MAX_SHOWN_CHARACTERS), left: Math.max(0, text.length - MAX_SHOWN_CHARACTERS) }
}

/** Says in one line what a tool was called with: its first text, or else its first number. */
export function argumentHint(value: unknown): string {
  if (typeof value === 'string') return value.split('\n', 1)[0] ?? ''
  if (value === null || typeof value !== 'object') return ''
  const values = Object.values(value)
  const plain =
    values.find((each) => typeof each === 'string') ?? values.find((each) => typeof each === 'number')
  return String(plain ?? '').split('\n', 1)[0] ?? ''
}
