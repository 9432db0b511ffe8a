/** A value that React reads with useSyncExternalStore: the same snapshot object until it changes. */
export interface Store<T> {
  getSnapshot: () => T
  subscribe: (onChange: () => void) => () => void
}

export interface WritableStore<T> extends Store<T> {
  set: (value: T) => void
}

export function createStore<T>(initial: T): WritableStore<T> {
  let current = initial
  const listeners = new Set<() => void>()
  return {
    getSnapshot: () => current,
    subscribe: (onChange) => {
      listeners.add(onChange)
      return () => listeners.delete(onChange)
    },
    set: (value) => {
      if (Object.is(value, current)) return
      current = value
      for (const listener of [...listeners]) listener()
    },
  }
}

/** Some items of a list: the same list until one of them comes, goes or changes, whatever the others do. */
export function selectedFrom<T>(
  { getSnapshot, subscribe }: Store<readonly T[]>,
  isWanted: (item: T) => boolean,
): Store<readonly T[]> {
  let selected: readonly T[] = []
  const select = () => {
    const now = getSnapshot().filter(isWanted)
    const isSame = now.length === selected.length && now.every((item, at) => Object.is(item, selected[at]))
    if (!isSame) selected = now
    return selected
  }
  return { getSnapshot: select, subscribe }
}
