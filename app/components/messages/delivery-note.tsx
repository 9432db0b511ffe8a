import { CircleAlert } from 'lucide-react'
import type { Delivery } from './delivery.ts'

const failedTo = { send: 'Not sent', edit: 'Edit not saved', remove: 'Not removed' } as const

interface Props {
  delivery: Delivery
  onRetry: (mutationId: string) => void
  onDiscard: (mutationId: string) => void
}

/** Why a change of a message did not reach the others, and the two ways on. */
export function DeliveryNote({ delivery, onRetry, onDiscard }: Props) {
  return (
    <div className="delivery-note" role="alert">
      <CircleAlert />
      <span>
        <strong>{failedTo[delivery.kind]}.</strong> {delivery.error?.message}
      </span>
      <button type="button" className="link-button" onClick={() => onRetry(delivery.mutationId)}>
        Retry
      </button>
      <button type="button" className="link-button" onClick={() => onDiscard(delivery.mutationId)}>
        Discard
      </button>
    </div>
  )
}
