import { foldText } from '../search/folded-text.ts'

/** Who can be mentioned: members who have not left. */
export interface Mentionable {
  account_id: string
  display_name: string
}

export interface MentionQuery {
  /** Where the @ stands. */
  start: number
  text: string
}

const MAX_QUERY = 40

/** The mention that is being typed just before the caret, if one is. */
export function mentionQueryAt(text: string, caret: number): MentionQuery | null {
  const before = text.slice(Math.max(0, caret - MAX_QUERY - 1), caret)
  // An @ inside a word is an address, not a mention. A name may hold one space at most while it is typed.
  const match = /(?:^|[\s([{"'])@([\p{L}\p{N}._-]*(?: [\p{L}\p{N}._-]*)?)$/u.exec(before)
  if (match?.[1] === undefined) return null
  return { start: caret - match[1].length - 1, text: match[1] }
}

/** Members whose name, or a word of it, begins as typed; the closest first. */
export function matchingMembers<T extends Mentionable>(members: readonly T[], query: string, max = 6): T[] {
  const typed = foldText(query)
  const rank = (member: T) => {
    const name = foldText(member.display_name)
    if (name.startsWith(typed)) return 0
    return name.split(/\s+/).some((word) => word.startsWith(typed)) ? 1 : 2
  }
  return members
    .map((member) => ({ member, rank: rank(member) }))
    .filter((each) => each.rank < 2)
    .sort((a, b) => a.rank - b.rank || a.member.display_name.localeCompare(b.member.display_name))
    .slice(0, max)
    .map((each) => each.member)
}

/** The text with the typed beginning replaced by the whole name, and where the caret goes. */
export function completeMention(text: string, caret: number, query: MentionQuery, name: string) {
  const rest = text.slice(caret)
  const inserted = `@${name}${rest.startsWith(' ') ? '' : ' '}`
  const end = query.start + inserted.length + (rest.startsWith(' ') ? 1 : 0)
  return { text: text.slice(0, query.start) + inserted + rest, caret: end }
}

export interface MentionSpan {
  start: number
  end: number
  account_id: string
}

/** Where the text names a member with an @; of two names that fit, the longer one. */
export function mentionSpans(text: string, members: readonly Mentionable[]): MentionSpan[] {
  if (!text.includes('@')) return []
  const byLength = members.toSorted((a, b) => b.display_name.length - a.display_name.length)
  const spans: MentionSpan[] = []
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    if (at > 0 && isWordEnd(text, at)) continue
    const member = byLength.find((each) => namesMember(text, at + 1, each.display_name))
    if (member)
      spans.push({ start: at, end: at + 1 + member.display_name.length, account_id: member.account_id })
  }
  return spans
}

/** Account ids that a text mentions, each once, in the order of their mention. */
export function mentionedAccounts(text: string, members: readonly Mentionable[]): string[] {
  return [...new Set(mentionSpans(text, members).map((span) => span.account_id))]
}

function namesMember(text: string, at: number, name: string): boolean {
  if (text.slice(at, at + name.length).toLowerCase() !== name.toLowerCase()) return false
  return !/^[\p{L}\p{N}_]/u.test(text.slice(at + name.length, at + name.length + 2))
}

function isWordEnd(text: string, at: number): boolean {
  return /[\p{L}\p{N}_]$/u.test(text.slice(Math.max(0, at - 2), at))
}
