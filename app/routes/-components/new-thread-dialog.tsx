import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { v7 as uuidv7 } from 'uuid'
import { Button } from '#app/components/controls/button.tsx'
import { Dialog } from '#app/components/controls/dialog.tsx'
import { TextField } from '#app/components/controls/field.tsx'
import type { ChatThread } from '#db/schema/chat-threads.ts'
import { useChange } from './use-change.ts'

interface Props {
  sessionId: string
  open: boolean
  onOpenChange: (open: boolean) => void
}

export function NewThreadDialog(props: Props) {
  return (
    <Dialog open={props.open} onOpenChange={props.onOpenChange} title="New thread" size="small">
      <NewThreadForm {...props} />
    </Dialog>
  )
}

const modes: { value: ChatThread['mode']; label: string; hint: string }[] = [
  { value: 'session', label: 'About the session', hint: 'What happened in it and what follows from it' },
  { value: 'general', label: 'General', hint: 'Anything else the people here talk about' },
]

function NewThreadForm({ sessionId, onOpenChange }: Props) {
  const change = useChange()
  const navigate = useNavigate()
  const [title, setTitle] = useState('')
  const [mode, setMode] = useState<ChatThread['mode']>('session')
  const [error, setError] = useState<string>()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const name = title.trim()
    if (!name) return setError('Give it a name.')
    if ([...name].length > 200) return setError('At most 200 characters.')
    const id = uuidv7()
    onOpenChange(false)
    const input = { id, session_id: sessionId, mode, title: name }
    if (change('chat_threads.create', input, `“${name}” was not created.`)) {
      void navigate({ to: '/s/$sessionId/t/$threadId', params: { sessionId, threadId: id } })
    }
  }
  return (
    <form onSubmit={submit} noValidate>
      <TextField
        label="Name"
        value={title}
        error={error}
        autoComplete="off"
        onChange={(event) => {
          setTitle(event.currentTarget.value)
          setError(undefined)
        }}
      />
      <fieldset className="choices">
        <legend>Kind</legend>
        {modes.map(({ value, label, hint }) => (
          <label key={value} className="choice">
            <input type="radio" name="mode" checked={mode === value} onChange={() => setMode(value)} />
            <span>
              {label}
              <small>{hint}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <footer className="dialog-footer">
        <Button look="quiet" onClick={() => onOpenChange(false)}>
          Cancel
        </Button>
        <Button look="primary" type="submit">
          Create
        </Button>
      </footer>
    </form>
  )
}
