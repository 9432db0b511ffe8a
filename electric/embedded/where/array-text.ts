/** An array of one dimension, as Postgres reads it. */
export function writeArray(elements: readonly (string | null)[]): string {
  const parts = elements.map((text) =>
    text === null ? 'NULL' : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
  )
  return `{${parts.join(',')}}`
}

const PART = /[{},]|"((?:[^"\\]|\\.)*)"|[^{},"]+/gsy

/** The elements of an array as Postgres prints it, in their order, of whatever dimensions. */
export function readArray(text: string): (string | null)[] {
  const elements: (string | null)[] = []
  PART.lastIndex = text.startsWith('[') ? text.indexOf('=') + 1 : 0 // after bounds such as [2:3]
  for (let part = PART.exec(text); part; part = PART.exec(text)) {
    const [token, quoted] = part
    if (quoted !== undefined) elements.push(quoted.replace(/\\(.)/gs, '$1'))
    else if (!/^[{},]/.test(token)) elements.push(token === 'NULL' ? null : token)
  }
  return elements
}
