import { Lock } from 'lucide-react'
import { memo, type ReactNode } from 'react'
import { v7 as uuidv7 } from 'uuid'
import { useWorkspace } from '#app/collections/workspace.tsx'
import { Composer } from '#app/components/composer/composer.tsx'
import { Button } from '#app/components/controls/button.tsx'
import { focusComposer } from './focus-composer.ts'
import { usePeople } from './session-context.tsx'
import type { ThreadHead } from './thread-pane.tsx'
import { useChange } from './use-change.ts'
import { useShortcut } from './use-shortcut.ts'

interface Props {
  thread: ThreadHead
  onSent: () => void
  onEditLast: () => void
}

/** The place to write, or why one cannot. */
export const ThreadComposer = memo(function ThreadComposer({ thread, onSent, onEditLast }: Props) {
  const { accountId } = useWorkspace()
  const { members, role } = usePeople()
  const change = useChange()
  useShortcut('c', focusComposer)

  if (role === 'viewer') {
    return <Closed reason="You can read this session. To write, ask an owner to make you an editor." />
  }
  if (thread.status === 'archived') {
    const reopen = () =>
      change('chat_threads.archive', { id: thread.id, archived: false }, 'The thread is still archived.')
    return (
      <Closed reason="This thread is archived.">
        <Button onClick={reopen}>Take it out of the archive</Button>
      </Closed>
    )
  }
  const send = (content: string, mentions: string[]) => {
    const message = { id: uuidv7(), session_id: thread.session_id, thread_id: thread.id, content, mentions }
    // A refusal that comes later is shown in the thread, with its text.
    const started = change('chat_messages.send', message, null)
    if (started) onSent()
    return started?.kept ?? null
  }
  return (
    <Composer
      accountId={accountId}
      threadId={thread.id}
      label={`Write in “${thread.title}”`}
      members={members}
      onSend={send}
      onEditLast={onEditLast}
    />
  )
})

function Closed({ reason, children }: { reason: string; children?: ReactNode }) {
  return (
    <div className="composer-closed">
      <Lock aria-hidden="true" />
      <p>{reason}</p>
      {children}
    </div>
  )
}
