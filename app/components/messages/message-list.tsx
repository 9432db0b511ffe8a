import { type ReactElement, type Ref, useImperativeHandle, useLayoutEffect, useMemo, useRef } from 'react'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import { type ListChange, listChange, type SeenRow } from './list-change.ts'
import type { TimelineRow } from './timeline.ts'

export interface MessageListHandle {
  scrollToEnd: () => void
  /** Whether the row was there to be shown. */
  scrollToRow: (key: string) => boolean
}

interface Props {
  rows: readonly TimelineRow[]
  children: (row: TimelineRow) => ReactElement
  /** The row to begin at; without it the end. */
  startAt: string | undefined
  onAtEndChange: (atEnd: boolean) => void
  ref: Ref<MessageListHandle>
}

/** As near to the end as this counts as being there. */
const END_MARGIN_PX = 48
const ROOM_ABOVE_PX = 72

/**
 * Only what is in view is in the document. The place holds whatever comes or goes above or below; at the end the
 * list follows what is new.
 */
export function MessageList({ rows, children, startAt, onAtEndChange, ref }: Props) {
  const list = useRef<VirtualizerHandle>(null)
  const place = useRef({ atEnd: true, offset: 0, seen: [] as SeenRow[] })
  const indexes = useMemo(() => new Map(rows.map((row, index) => [row.key, index])), [rows])
  const shown = useRef(indexes)
  // Worked out while rendering: the list needs it in the same pass as the rows themselves.
  const change: ListChange = listChange(shown.current, indexes, place.current.seen)

  const scrollToEnd = () => {
    list.current?.scrollToIndex(indexes.size - 1, { align: 'end' })
  }

  const onScroll = (offset: number) => {
    const handle = list.current
    if (!handle) return
    const current = place.current
    const fromEnd = handle.scrollSize - handle.viewportSize - offset
    // Heights that become known while the list runs to its end are no reason to let go of it; going up is.
    const atEnd = fromEnd <= END_MARGIN_PX || (current.atEnd && offset >= current.offset - 1)
    current.offset = offset
    current.seen = rowsInView(handle, rows, offset)
    if (atEnd === current.atEnd) return
    current.atEnd = atEnd
    onAtEndChange(atEnd)
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: where a list begins is decided once.
  useLayoutEffect(() => {
    const start = startAt === undefined ? undefined : indexes.get(startAt)
    if (start === undefined) {
      scrollToEnd()
      return
    }
    place.current.atEnd = false
    onAtEndChange(false)
    list.current?.scrollToIndex(start, { align: 'start', offset: -ROOM_ABOVE_PX })
  }, [])

  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the rows have changed, and only then.
  useLayoutEffect(() => {
    if (shown.current === indexes) return
    shown.current = indexes
    const handle = list.current
    if (!handle) return
    if (place.current.atEnd) scrollToEnd()
    else if (change.restore) handle.scrollTo(handle.getItemOffset(change.restore.index) - change.restore.top)
    place.current.seen = rowsInView(handle, rows, handle.scrollOffset)
  }, [indexes])

  useImperativeHandle(ref, () => ({
    scrollToEnd,
    scrollToRow: (key) => {
      const index = indexes.get(key)
      if (index === undefined) return false
      place.current.atEnd = false
      list.current?.scrollToIndex(index, { align: 'center' })
      return true
    },
  }))

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
    <section className="message-list" aria-label="Messages" tabIndex={0}>
      <Virtualizer
        ref={list}
        data={rows}
        shift={change.shift}
        onScroll={onScroll}
        onResize={() => place.current.atEnd && scrollToEnd()}
      >
        {children}
      </Virtualizer>
    </section>
  )
}

/** More than one, because the first of them may be a heading that the next change takes away. */
const SEEN_ROWS = 12

function rowsInView(handle: VirtualizerHandle, rows: readonly TimelineRow[], offset: number): SeenRow[] {
  const first = handle.findItemIndex(offset)
  return rows
    .slice(first, first + SEEN_ROWS)
    .map(({ key }, index) => ({ key, top: handle.getItemOffset(first + index) - offset }))
}
