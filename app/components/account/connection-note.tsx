import { CloudOff, LoaderCircle } from 'lucide-react'
import type { ConnectionState } from '#app/collections/workspace.tsx'

interface Props {
  connection: ConnectionState
  pending: number
  failed: number
  onOpen: () => void
}

const words: Record<ConnectionState, string> = {
  live: 'Live',
  connecting: 'Connecting…',
  offline: 'Offline',
}

/** Whether what is shown is what everybody sees, and what of one's own has not arrived. */
export function ConnectionNote({ connection, pending, failed, onOpen }: Props) {
  const unsent = pending + failed
  return (
    <div className="connection" data-state={connection}>
      <span className="connection-state" role="status">
        <Sign connection={connection} />
        {words[connection]}
      </span>
      {unsent > 0 && (
        <button type="button" className="unsent" data-failed={failed > 0 || undefined} onClick={onOpen}>
          {failed > 0 ? counted(failed, 'change', 'failed') : counted(pending, 'unsent change')}
        </button>
      )}
    </div>
  )
}

function Sign({ connection }: { connection: ConnectionState }) {
  if (connection === 'live') return <span className="live-dot" aria-hidden="true" />
  if (connection === 'offline') return <CloudOff aria-hidden="true" />
  return <LoaderCircle className="spinning" aria-hidden="true" />
}

function counted(count: number, noun: string, what = ''): string {
  return `${count} ${noun}${count === 1 ? '' : 's'} ${what}`.trim()
}
