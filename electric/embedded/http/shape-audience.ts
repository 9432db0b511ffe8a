import type { Shape } from '../shape/shape.ts'

export interface Listener {
  onNews(): void
}

/** Those who wait for news of shapes. A shape knows one watcher, however many they are. */
export class Audiences {
  readonly #audiences = new Map<Shape, Audience>()

  join(shape: Shape, listener: Listener): void {
    const audience = this.#audiences.get(shape) ?? new Audience(shape)
    this.#audiences.set(shape, audience)
    audience.join(listener)
  }

  leave(shape: Shape, listener: Listener): void {
    const audience = this.#audiences.get(shape)
    if (audience?.leave(listener)) this.#audiences.delete(shape)
  }
}

class Audience {
  readonly #shape: Shape
  readonly #listeners = new Set<Listener>()
  #unwatch: (() => void) | null = null

  constructor(shape: Shape) {
    this.#shape = shape
  }

  join(listener: Listener): void {
    this.#listeners.add(listener)
    this.#unwatch ??= this.#shape.watch(this.#tell)
  }

  /** @returns whether nobody is left. */
  leave(listener: Listener): boolean {
    this.#listeners.delete(listener)
    if (this.#listeners.size > 0) return false
    this.#unwatch?.()
    this.#unwatch = null
    return true
  }

  // A watcher is called once: it watches again for those who stay.
  readonly #tell = (): void => {
    this.#unwatch = null
    for (const listener of [...this.#listeners]) listener.onNews()
    if (this.#listeners.size > 0) this.#unwatch ??= this.#shape.watch(this.#tell)
  }
}
