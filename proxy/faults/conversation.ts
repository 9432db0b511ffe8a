import { v7 as uuidv7 } from 'uuid'
import type { Database } from '#db/client.ts'
import { insertMessage } from '#db/factories.ts'
import { apply, type World } from '#server/mutations/testing.ts'

/** Somebody writes, edits and removes messages, one after another, until told to stop. */
export interface Talk {
  /** Changes that have committed. */
  done(): number
  stop(): Promise<void>
}

export type Said = Pick<World, 'session_id' | 'thread_id' | 'editor'>

export async function say(db: Database, world: Said, content: string): Promise<string> {
  const id = uuidv7()
  const { session_id, thread_id } = world
  await apply(db, world.editor, 'chat_messages.send', { id, session_id, thread_id, content })
  return id
}

/** @param text of the nth message. */
export function talk(db: Database, world: Said, text: (n: number) => string = (n) => `${n}`): Talk {
  let done = 0
  let isOver = false
  const going = (async () => {
    while (!isOver) {
      const id = await say(db, world, text(done))
      if (done % 3 === 1)
        await apply(db, world.editor, 'chat_messages.edit', { id, content: `edited ${done}` })
      if (done % 5 === 2) await apply(db, world.editor, 'chat_messages.remove', { id })
      done++
    }
  })()
  return {
    done: () => done,
    stop: () => {
      isOver = true
      return going
    },
  }
}

/** Messages of so many bytes each, in one transaction. */
export async function fill(db: Database, world: Said, count: number, bytes: number): Promise<void> {
  const { session_id, thread_id, editor: author_account_id } = world
  await db.transaction(null, async (tx) => {
    for (let n = 0; n < count; n++) {
      // Not all the same: what is the same cannot be in the wrong order.
      const content = `${n} ${'x'.repeat(bytes)}`.slice(0, bytes)
      await insertMessage(tx, { session_id, thread_id, author_account_id, content })
    }
  })
}
