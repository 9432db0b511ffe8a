import type { ChatMessage } from '#db/schema/chat-messages.ts'
import { isUnread } from './timeline.ts'

const epoch = new Date(0)

/** Unread messages of each thread; a thread without any is absent. */
export function unreadByThread(
  messages: Iterable<ChatMessage>,
  lastReadAt: Date | null,
  accountId: string,
): Map<string, number> {
  const counts = new Map<string, number>()
  for (const message of messages) {
    if (!isUnread(message, lastReadAt ?? epoch, accountId)) continue
    counts.set(message.thread_id, (counts.get(message.thread_id) ?? 0) + 1)
  }
  return counts
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
  seen: ReadonlyMap<string, number>,
): ChatMessage | undefined {
  const since = lastReadAt ?? epoch
  const isSeen = (message: ChatMessage) => message.created_at.getTime() <= (seen.get(message.thread_id) ?? 0)
  const unread = [...messages].filter((message) => isUnread(message, since, accountId))
  unread.sort((a, b) => a.created_at.getTime() - b.created_at.getTime() || a.position - b.position)
  const firstUnseen = unread.findIndex((message) => !isSeen(message))
  return firstUnseen === -1 ? unread.at(-1) : unread[firstUnseen - 1]
}
