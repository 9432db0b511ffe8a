// Calls from one process to another over Node's own channel. What is measured runs in processes of its own,
// so that what asks and what answers do not wait for each other's turn.

// biome-ignore lint/suspicious/noExplicitAny: parameters are each handler's own
export type Handlers = Record<string, (...args: any[]) => unknown>

export interface CallMessage {
  readonly call: number
  readonly name: string
  readonly args: readonly unknown[]
}

export type ResultMessage =
  | { readonly result: number; readonly value: unknown }
  | { readonly result: number; readonly error: string }

/** Answers calls of these names; other names may be somebody else's in this process. */
export function answerCalls(handlers: Handlers): void {
  process.on('message', (message: CallMessage) => {
    const handler = handlers[message.name]
    if (handler) void answer(message, handler)
  })
}

/** For a process that is nothing without its caller. */
export function serveCalls(handlers: Handlers): void {
  answerCalls(handlers)
  process.channel?.ref() // a probe lets go of it
  process.on('disconnect', () => process.exit(0))
}

async function answer({ call, args }: CallMessage, handler: Handlers[string]): Promise<void> {
  try {
    process.send?.({ result: call, value: await handler(...args) })
  } catch (error) {
    process.send?.({ result: call, error: error instanceof Error ? error.message : String(error) })
  }
}

/** Milliseconds on the clock that all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
