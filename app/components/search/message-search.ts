import type { ChatMessage } from '#db/schema/chat-messages.ts'
import { foldText } from './folded-text.ts'

export interface Highlight {
  text: string
  matched: boolean
}

export interface SearchHit {
  message: ChatMessage
  excerpt: Highlight[]
}

const foldedContents = new WeakMap<ChatMessage, string>()

/** Messages that hold every word of the query, the newest first. Case and accents do not matter. */
export function searchMessages(messages: Iterable<ChatMessage>, query: string, max = 60): SearchHit[] {
  const words = searchWords(query)
  if (words.length === 0) return []
  const found: ChatMessage[] = []
  for (const message of messages) {
    if (message.removed_at) continue
    const content = foldedContent(message)
    if (words.every((word) => content.includes(word))) found.push(message)
  }
  found.sort((a, b) => b.created_at.getTime() - a.created_at.getTime() || b.position - a.position)
  return found.slice(0, max).map((message) => ({ message, excerpt: excerpt(message.content, words) }))
}

export function searchWords(query: string): string[] {
  return [...new Set(foldText(query).split(/\s+/).filter(Boolean))]
}

const BEFORE = 48
const LENGTH = 180

/** The part of a text around its first match, cut into what matched and what did not. */
export function excerpt(content: string, words: readonly string[]): Highlight[] {
  const line = content.replace(/\s+/g, ' ').trim()
  const matches = findWords(line, words)
  const first = matches[0]?.start ?? 0
  const from = first > BEFORE ? line.indexOf(' ', first - BEFORE) + 1 || first - BEFORE : 0
  // A word longer than the room before it must not push its own match out of the excerpt.
  const start = Math.min(from, first)
  const end = Math.min(line.length, start + LENGTH)
  const parts: Highlight[] = []
  let at = start
  for (const match of matches) {
    if (match.start < at || match.end > end) continue
    if (match.start > at) parts.push({ text: line.slice(at, match.start), matched: false })
    parts.push({ text: line.slice(match.start, match.end), matched: true })
    at = match.end
  }
  if (at < end) parts.push({ text: line.slice(at, end), matched: false })
  if (start > 0) parts.unshift({ text: '… ', matched: false })
  if (end < line.length) parts.push({ text: ' …', matched: false })
  return parts
}

function findWords(line: string, words: readonly string[]): { start: number; end: number }[] {
  const { folded, origin } = foldWithOrigin(line)
  const matches = words.flatMap((word) => {
    const found: { start: number; end: number }[] = []
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + word.length)) {
      found.push({ start: origin[at] ?? 0, end: origin[at + word.length] ?? line.length })
    }
    return found
  })
  return matches.sort((a, b) => a.start - b.start || b.end - a.end)
}

/** Folding may lengthen or shorten a text; `origin` leads each folded place back to the text. */
function foldWithOrigin(line: string): { folded: string; origin: number[] } {
  let folded = ''
  const origin: number[] = []
  let at = 0
  for (const character of line) {
    const piece = foldText(character)
    for (let i = 0; i < piece.length; i++) origin.push(at)
    folded += piece
    at += character.length
  }
  return { folded, origin }
}

function foldedContent(message: ChatMessage): string {
  let folded = foldedContents.get(message)
  if (folded === undefined) {
    folded = foldText(message.content)
    foldedContents.set(message, folded)
  }
  return folded
}
