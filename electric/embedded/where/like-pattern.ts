/**
 * What LIKE's pattern means: texts to be found in this order, the first at the beginning and the last at the end, with
 * anything between them. In a text null stands for any one character.
 */
export interface LikePattern {
  readonly parts: readonly (readonly (string | null)[])[]
}

/** @returns null for an escape character that escapes nothing, or that is no single character */
export function readLikePattern(pattern: string, escapedBy: string): LikePattern | null {
  const characters = [...pattern]
  if ([...escapedBy].length > 1) return null
  const parts: (string | null)[][] = [[]]
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? ''
    if (character === escapedBy) {
      const escaped = characters[++index]
      if (escaped === undefined) return null
      parts.at(-1)?.push(escaped)
    } else if (character === '%') parts.push([])
    else parts.at(-1)?.push(character === '_' ? null : character)
  }
  return { parts }
}

export function foldPattern({ parts }: LikePattern, folding: (text: string) => string): LikePattern {
  return { parts: parts.map((part) => part.map((each) => each && folding(each))) }
}

/** The same pattern with a backslash as its escape character. */
export function writeLikePattern({ parts }: LikePattern): string {
  return parts.map((part) => part.map(writeCharacter).join('')).join('%')
}

function writeCharacter(character: string | null): string {
  if (character === null) return '_'
  return character === '%' || character === '_' || character === '\\' ? `\\${character}` : character
}

export function likeMatcher({ parts }: LikePattern): (text: string) => boolean {
  return parts.some((part) => part.includes(null)) ? characterMatcher(parts) : textMatcher(parts)
}

type Part = readonly (string | null)[]

function textMatcher(parts: readonly Part[]): (text: string) => boolean {
  const texts = parts.map((part) => part.join(''))
  const [first = ''] = texts
  if (texts.length === 1) return (text) => text === first
  const last = texts.at(-1) ?? ''
  const middle = texts.slice(1, -1)
  return (text) => {
    if (text.length < first.length + last.length) return false
    if (!text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    for (const each of middle) {
      at = text.indexOf(each, at)
      if (at === -1) return false
      at += each.length
    }
    return at <= text.length - last.length
  }
}

// An underscore is a character, of which some are two units of a JavaScript string.
function characterMatcher(parts: readonly Part[]): (text: string) => boolean {
  const [first = []] = parts
  const last = parts.at(-1) ?? []
  const middle = parts.slice(1, -1)
  return (text) => {
    const characters = [...text]
    if (parts.length === 1) return characters.length === first.length && isAt(characters, first, 0)
    const end = characters.length - last.length
    if (end < first.length || !isAt(characters, first, 0) || !isAt(characters, last, end)) return false
    let at = first.length
    for (const part of middle) {
      while (at + part.length <= end && !isAt(characters, part, at)) at++
      if (at + part.length > end) return false
      at += part.length
    }
    return true
  }
}

function isAt(characters: readonly string[], part: Part, at: number): boolean {
  return part.every((each, index) => each === null || each === characters[at + index])
}
