import { createStore, type Store } from './store.ts'

export type ConnectionState = 'live' | 'connecting' | 'offline'

/** Longer than the Electric client ever waits before it asks again. */
const FORGET_UNSERVED_MS = 40_000

/** What the person is told. The Electric client's own view is of no use: it goes on believing in streams that are gone. */
export class ConnectionMonitor {
  readonly state: Store<ConnectionState>
  readonly #set: (state: ConnectionState) => void
  readonly #isOnline: () => boolean
  readonly #unserved = new Map<object, ReturnType<typeof setTimeout>>()
  #open = false
  #unreached = 0

  constructor(isOnline: () => boolean) {
    const store = createStore<ConnectionState>(isOnline() ? 'connecting' : 'offline')
    this.state = store
    this.#set = store.set
    this.#isOnline = isOnline
  }

  opened(): void {
    this.#open = true
    this.#unreached = 0
    this.update()
  }

  /** @param reached whether there was an answer at all, be it a refusal. */
  lost(reached: boolean): void {
    this.#open = false
    this.#unreached = reached ? 0 : this.#unreached + 1
    this.update()
  }

  /** Whether the server can serve the shape of this collection at the moment. */
  served(collection: object, served: boolean): void {
    clearTimeout(this.#unserved.get(collection))
    this.#unserved.delete(collection)
    // The collection may be disposed of before it is served again, and then nobody says so.
    if (!served)
      this.#unserved.set(
        collection,
        setTimeout(() => this.served(collection, true), FORGET_UNSERVED_MS),
      )
    this.update()
  }

  update(): void {
    if (!this.#isOnline() || this.#unreached >= 2) this.#set('offline')
    else this.#set(this.#open && this.#unserved.size === 0 ? 'live' : 'connecting')
  }

  close(): void {
    for (const timer of this.#unserved.values()) clearTimeout(timer)
  }
}
