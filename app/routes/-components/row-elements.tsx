import type { ReactElement } from 'react'
import type { TimelineRow } from '#app/components/messages/timeline.ts'
import { type RowProps, TimelineRowView } from './timeline-row-view.tsx'

type RowElement = ReactElement<RowProps>

/** Makes the element of a row: the same one until something about the row changes, so that the list leaves it alone. */
export function rowElements(): (props: RowProps) => RowElement {
  const made = new WeakMap<TimelineRow, RowElement>()
  return (props) => {
    const before = made.get(props.row)
    if (before && isSame(before.props, props)) return before
    const element: RowElement = <TimelineRowView key={props.row.key} {...props} />
    made.set(props.row, element)
    return element
  }
}

function isSame(a: RowProps, b: RowProps): boolean {
  return (
    a.thread === b.thread &&
    a.delivery === b.delivery &&
    a.isFlashing === b.isFlashing &&
    a.isEditing === b.isEditing &&
    a.actions === b.actions
  )
}
