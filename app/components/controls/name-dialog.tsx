import { type FormEvent, useState } from 'react'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { TextField } from './field.tsx'

interface Props {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  label: string
  action: string
  initial?: string
  maxLength: number
  onSubmit: (name: string) => void
}

/** Asks for one name: to create a thing, or to rename it. */
export function NameDialog(props: Props) {
  return (
    <Dialog open={props.open} onOpenChange={props.onOpenChange} title={props.title} size="small">
      <NameForm {...props} />
    </Dialog>
  )
}

function NameForm({ label, action, initial = '', maxLength, onSubmit, onOpenChange }: Props) {
  const [name, setName] = useState(initial)
  const [error, setError] = useState<string>()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const trimmed = name.trim()
    if (!trimmed) return setError('Give it a name.')
    // Code points, as Postgres counts them.
    if ([...trimmed].length > maxLength) return setError(`At most ${maxLength} characters.`)
    onOpenChange(false)
    if (trimmed !== initial) onSubmit(trimmed)
  }
  return (
    <form onSubmit={submit} noValidate>
      <TextField
        label={label}
        value={name}
        error={error}
        autoComplete="off"
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => {
          setName(event.currentTarget.value)
          setError(undefined)
        }}
      />
      <footer className="dialog-footer">
        <Button look="quiet" onClick={() => onOpenChange(false)}>
          Cancel
        </Button>
        <Button look="primary" type="submit">
          {action}
        </Button>
      </footer>
    </form>
  )
}
