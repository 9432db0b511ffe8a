import { ChevronRight, CircleCheck, CircleDashed, CircleSlash, CircleX, LoaderCircle } from 'lucide-react'
import { memo, type ReactNode } from 'react'
import type { ChatToolEvent } from '#db/schema/chat-tool-events.ts'
import { CopyButton } from '../controls/copy-button.tsx'
import { argumentHint, jsonText, shownPart } from './json-text.ts'
import { durationLabel, fullMoment, timeOfDay } from './moments.ts'

const looks: Record<ChatToolEvent['status'], { word: string; icon: ReactNode }> = {
  pending: { word: 'Waiting', icon: <CircleDashed /> },
  executing: { word: 'Running', icon: <LoaderCircle className="spinning" /> },
  succeeded: { word: 'Succeeded', icon: <CircleCheck /> },
  failed: { word: 'Failed', icon: <CircleX /> },
  abandoned: { word: 'Abandoned', icon: <CircleSlash /> },
}

/** What a tool did, in its place between the messages; arguments and result unfold. */
export const ToolEventCard = memo(function ToolEventCard({
  event,
  isNew,
}: {
  event: ChatToolEvent
  isNew: boolean
}) {
  const look = looks[event.status]
  const hint = argumentHint(event.arguments)
  return (
    <article
      className="tool-event"
      data-tool-event-id={event.id}
      data-status={event.status}
      data-new={isNew || undefined}
      aria-label={`Tool ${event.tool_name}: ${look.word}`}
    >
      <div className="tool-gutter" aria-hidden="true">
        {look.icon}
      </div>
      <details className="tool-card">
        <summary>
          <ChevronRight className="tool-fold" aria-hidden="true" />
          <code className="tool-name">{event.tool_name}</code>
          {hint && <span className="tool-hint">{hint}</span>}
          <span className="tool-facts">
            <span className="tool-status">{look.word}</span>
            {event.latency_ms !== null && <span>{durationLabel(event.latency_ms)}</span>}
            <time dateTime={event.started_at.toISOString()} title={fullMoment(event.started_at)}>
              {timeOfDay(event.started_at)}
            </time>
          </span>
        </summary>
        <ToolValue name="Arguments" value={event.arguments} />
        {event.result !== null && <ToolValue name="Result" value={event.result} />}
        {event.error !== null && <ToolValue name="Error" value={event.error} />}
      </details>
    </article>
  )
})

function ToolValue({ name, value }: { name: string; value: unknown }) {
  const whole = jsonText(value)
  const shown = shownPart(whole)
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for what one fills in; a section would be a landmark.
    <div role="group" className="tool-value" aria-label={name}>
      <header>
        <span>{name}</span>
        <CopyButton text={() => whole} label={`Copy: ${name.toLowerCase()}`} />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it. */}
      <pre tabIndex={0}>{shown.text}</pre>
      {shown.left > 0 && (
        <p className="field-note">{shown.left.toLocaleString()} more characters: copy it whole.</p>
      )}
    </div>
  )
}
