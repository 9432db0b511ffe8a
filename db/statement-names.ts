const MAX_NAMES = 300
/** Longer ones write many rows at once, and their text is another for each number of rows. */
const MAX_LENGTH = 4_000

const names = new Map<string, string>()

/**
 * The name under which connections keep a statement parsed and planned, which else is done each time that it is sent and
 * takes longer than most take to run. Only for so many: each connection keeps each of them as long as it lives.
 */
export function statementName(text: string): string | undefined {
  const known = names.get(text)
  if (known || names.size === MAX_NAMES || text.length > MAX_LENGTH) return known
  const name = `s${names.size + 1}`
  names.set(text, name)
  return name
}
