import type { UnsentMutation } from '#app/collections/workspace.tsx'
import { Button } from '../controls/button.tsx'
import { Dialog } from '../controls/dialog.tsx'
import { describeChange } from './describe-change.ts'

interface Props {
  open: boolean
  onOpenChange: (open: boolean) => void
  unsent: readonly UnsentMutation[]
  durable: boolean
  onRetry: (id: string) => void
  onDiscard: (id: string) => void
}

/** What has not arrived yet, and what was refused and waits for a decision. */
export function UnsentDialog({ open, onOpenChange, unsent, durable, onRetry, onDiscard }: Props) {
  const kept = durable
    ? 'Kept on this device until the server has them.'
    : 'This browser cannot keep them: they are lost when the tab closes.'
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Unsent changes" description={kept}>
      {unsent.length === 0 && <p className="dialog-text">Everything has arrived.</p>}
      <ul className="unsent-list">
        {unsent.map((change) => (
          <li key={change.id} data-state={change.state}>
            <ChangeText change={change} />
            {change.state === 'failed' && (
              <span className="unsent-actions">
                <Button onClick={() => onRetry(change.id)}>Retry</Button>
                <Button look="quiet" onClick={() => onDiscard(change.id)}>
                  Discard
                </Button>
              </span>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  )
}

function ChangeText({ change }: { change: UnsentMutation }) {
  const { does, detail } = describeChange(change)
  return (
    <div className="unsent-text">
      <strong>{does}</strong>
      {detail && <span className="unsent-detail">{detail}</span>}
      <span className="field-note" data-error={change.error ? true : undefined}>
        {change.error?.message ?? 'Waiting to be sent'}
      </span>
    </div>
  )
}
