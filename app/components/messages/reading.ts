import type { ChatMessage } from '#db/schema/chat-messages.ts'
import { isUnread } from './timeline.ts'

const epoch = new Date(0)

/** By thread: the time of the last message that stood before somebody's eyes. */
export type SeenThreads = ReadonlyMap<string, number>

/**
 * Up to when a thread whose end is in view has been seen. One's own messages say nothing about it: until Postgres has
 * them their time is this device's, whose clock may be ahead, and what others write meanwhile has not been seen.
 */
export function seenUntil(messages: readonly ChatMessage[], accountId: string): number {
  return messages.reduce(
    (latest, { author_account_id, created_at }) =>
      author_account_id === accountId ? latest : Math.max(latest, created_at.getTime()),
    0,
  )
}

export interface Unread {
  /** Not looked at yet; a thread without any is absent. */
  byThread: Map<string, number>
  /** Looked at, but behind a message of another thread that was not, so that the session's mark cannot pass it. */
  seenAhead: number
}

export function unreadOf(
  messages: Iterable<ChatMessage>,
  lastReadAt: Date | null,
  accountId: string,
  seen: SeenThreads,
): Unread {
  const byThread = new Map<string, number>()
  let seenAhead = 0
  for (const message of messages) {
    if (!isUnread(message, lastReadAt ?? epoch, accountId)) continue
    if (isSeen(message, seen)) seenAhead++
    else byThread.set(message.thread_id, (byThread.get(message.thread_id) ?? 0) + 1)
  }
  return { byThread, seenAhead }
}

/**
 * The last message up to which a session can be called read. Reading is one mark for the whole session, so it
 * stops before the first unread message of a thread that has not been looked at: otherwise that one would
 * silently count as read.
 */
export function readableUpTo(
  messages: Iterable<ChatMessage>,
  lastReadAt: Date | null,
  accountId: string,
  seen: SeenThreads,
): ChatMessage | undefined {
  const since = lastReadAt ?? epoch
  const unread = [...messages].filter((message) => isUnread(message, since, accountId))
  unread.sort((a, b) => a.created_at.getTime() - b.created_at.getTime() || a.position - b.position)
  const firstUnseen = unread.findIndex((message) => !isSeen(message, seen))
  return firstUnseen === -1 ? unread.at(-1) : unread[firstUnseen - 1]
}

function isSeen(message: ChatMessage, seen: SeenThreads): boolean {
  return message.created_at.getTime() <= (seen.get(message.thread_id) ?? 0)
}
