/** A row that was in view, and how far below the top edge it began. */
export interface SeenRow {
  key: string
  top: number
}

export interface ListChange {
  /** All that came or went was above the view: the distance from the end stays. */
  shift: boolean
  /** What has to be put back where it was, when the list cannot keep the place by itself. */
  restore: { index: number; top: number } | null
}

const still: ListChange = { shift: false, restore: null }

/** How a list with rows in view has to follow a change of its rows so that nothing in view moves. */
export function listChange(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  seen: readonly SeenRow[],
): ListChange {
  const anchor = seen.find(({ key }) => before.has(key) && after.has(key))
  if (!anchor) return still
  const index = after.get(anchor.key) ?? 0
  const above = index - (before.get(anchor.key) ?? 0)
  if (above === 0) return still
  const below = after.size - before.size - above
  if (below === 0) return { shift: true, restore: null }
  return { shift: false, restore: { index, top: anchor.top } }
}
