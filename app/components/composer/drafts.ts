/** Drafts are a device's own: what was typed but not sent, by account and thread, or the message that is edited. */
type DraftStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

const key = (accountId: string, threadId: string) => `throughline.draft.${accountId}.${threadId}`

export function readDraft(storage: DraftStorage, accountId: string, threadId: string): string {
  try {
    return storage.getItem(key(accountId, threadId)) ?? ''
  } catch {
    return '' // A browser that forbids storage has no drafts to give back.
  }
}

/** Whether the draft is kept. It is written at once, so that a reload in the middle of a word loses nothing. */
export function writeDraft(
  storage: DraftStorage,
  accountId: string,
  threadId: string,
  text: string,
): boolean {
  try {
    if (text === '') storage.removeItem(key(accountId, threadId))
    else storage.setItem(key(accountId, threadId), text)
    return true
  } catch {
    return false // Full or forbidden: the composer says so.
  }
}

/** Forgets a draft that has become a message, unless something else has been typed meanwhile. */
export function dropDraft(storage: DraftStorage, accountId: string, threadId: string, sent: string): void {
  if (readDraft(storage, accountId, threadId) === sent) writeDraft(storage, accountId, threadId, '')
}
