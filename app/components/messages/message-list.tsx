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
  /** Begins as false: nothing counts as seen before the list has found its place. */
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
  const scroller = useRef<HTMLElement>(null)
  const place = useRef({ atEnd: false, offset: 0, seen: [] as SeenRow[] })
  const indexes = useMemo(() => new Map(rows.map((row, index) => [row.key, index])), [rows])
  const shown = useRef(indexes)
  // Worked out while rendering: the list needs it in the same pass as the rows themselves.
  const change: ListChange = listChange(shown.current, indexes, place.current.seen)

  // Not by index: that would go on for a while and pull back whoever leaves the end just as a message arrives.
  // Heights that become known later bring it to the end again (onResize).
  const scrollToEnd = () =>
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior: 'instant' })

  const setAtEnd = (atEnd: boolean) => {
    if (atEnd === place.current.atEnd) return
    place.current.atEnd = atEnd
    onAtEndChange(atEnd)
  }
  const onScroll = (offset: number) => {
    const handle = list.current
    if (!handle) return
    const current = place.current
    // Heights that become known while the list runs to its end are no reason to let go of it; going up is.
    const keepsOn = current.atEnd && offset >= current.offset - 1
    current.offset = offset
    current.seen = rowsInView(handle, rows, offset)
    setAtEnd(keepsOn || isNearEnd(handle))
  }
  // A thread that fits into the view never scrolls: that its end is in view shows only when it has been drawn.
  const lookForEnd = () =>
    requestAnimationFrame(() => {
      if (scroller.current && showsEnd(scroller.current)) setAtEnd(true)
    })
  const onResize = () => {
    if (place.current.atEnd) scrollToEnd()
    else lookForEnd()
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: where a list begins is decided once.
  useLayoutEffect(() => {
    const start = startAt === undefined ? undefined : indexes.get(startAt)
    if (start === undefined) {
      setAtEnd(true)
      scrollToEnd()
      return
    }
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
      setAtEnd(false)
      list.current?.scrollToIndex(index, { align: 'center' })
      lookForEnd()
      return true
    },
  }))

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
    <section ref={scroller} className="message-list" aria-label="Messages" tabIndex={0}>
      <Virtualizer ref={list} data={rows} shift={change.shift} onScroll={onScroll} onResize={onResize}>
        {children}
      </Virtualizer>
    </section>
  )
}

function isNearEnd(handle: VirtualizerHandle): boolean {
  return handle.scrollSize - handle.viewportSize - handle.scrollOffset <= END_MARGIN_PX
}

function showsEnd(scroller: HTMLElement): boolean {
  const end = scroller.querySelector('.thread-end')?.getBoundingClientRect()
  return end !== undefined && end.bottom <= scroller.getBoundingClientRect().bottom + END_MARGIN_PX
}

/** More than one, because the first of them may be a heading that the next change takes away. */
const SEEN_ROWS = 12

function rowsInView(handle: VirtualizerHandle, rows: readonly TimelineRow[], offset: number): SeenRow[] {
  const first = handle.findItemIndex(offset)
  return rows
    .slice(first, first + SEEN_ROWS)
    .map(({ key }, index) => ({ key, top: handle.getItemOffset(first + index) - offset }))
}
