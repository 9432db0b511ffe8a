import { type MutationInput, type MutationName, mutationInputs, type ShapeName } from '#db/inputs/index.ts'
import { type MutationDoors, MutationRefused, type MutationResult } from '../sync/mutation-doors.ts'
import { createOutbox, type OutboxOptions } from '../sync/outbox.ts'
import type { OutboxEntry } from '../sync/outbox-storage.ts'
import { type AwaitsTransactions, transactionSeen } from './confirmation.ts'
import type { View } from './effects.ts'
import { createOptimism } from './optimism.ts'
import { laneOf } from './registry.ts'
import type { StartedMutation, Workspace } from './workspace.tsx'

/** Refused, these need nobody's decision: the next one makes up for it. */
const FORGOTTEN_WHEN_REFUSED = new Set<MutationName>(['inbox_entries.markRead'])
/** Refused, these stay on the screen, so that the person can send again or take back what she wrote. */
const SHOWN_WHEN_REFUSED = new Set<MutationName>(['chat_messages.send'])

export interface ChangesOptions
  extends Pick<OutboxOptions, 'accountId' | 'openStorage' | 'locks' | 'retryMs'> {
  view: View
  doors: MutationDoors
  /** The collections of this tab in which a change of a lane can appear. */
  collections(lane: string): Partial<Record<ShapeName, AwaitsTransactions>>
  isConnected(): boolean
}

export interface Changes extends Pick<Workspace, 'mutate' | 'retry' | 'discard' | 'unsent' | 'durable'> {
  /** Shows every unconfirmed change as far as its rows are here now. */
  showAll(): void
  /** Once no session of this id waits to be created. */
  whenCreated(sessionId: string): Promise<void>
  wake(): void
  close(): Promise<void>
}

/** The way of a change: on the screen at once, into the outbox, to the server, back through the stream. */
export function createChanges(options: ChangesOptions): Changes {
  const optimism = createOptimism(options.view)
  const waiting = new Map<string, PromiseWithResolvers<void>>()

  const showAll = () => {
    for (const entry of outbox.entries.getSnapshot()) {
      if (entry.state === 'pending' || SHOWN_WHEN_REFUSED.has(entry.name)) optimism.show(entry)
    }
  }
  const applied = async (entry: OutboxEntry, answer: Extract<MutationResult, { ok: true }>) => {
    await seen(options, entry, answer, optimism.touched(entry.id))
    optimism.confirm(entry.id)
    waiting.get(entry.id)?.resolve()
    waiting.delete(entry.id)
  }
  const refused: OutboxOptions['onRefused'] = ({ id, name }, error) => {
    if (!SHOWN_WHEN_REFUSED.has(name)) optimism.undo(id)
    showAll()
    waiting.get(id)?.reject(new MutationRefused(error))
    waiting.delete(id)
    if (FORGOTTEN_WHEN_REFUSED.has(name)) outbox.discard(id)
  }
  const outbox = createOutbox({
    ...options,
    onApplied: (entry, answer) => void applied(entry, answer),
    onRefused: refused,
    onAdopted: showAll,
  })

  return {
    // Made by mutate(), or left behind by a tab whose own mutate() made it: each input is what its name says.
    unsent: outbox.entries as unknown as Workspace['unsent'],
    durable: outbox.durable,
    showAll,
    wake: outbox.wake,
    mutate: <Name extends MutationName>(name: Name, input: MutationInput<Name>): StartedMutation => {
      const valid = validated(name, input)
      const entry = outbox.add({ name, input: valid }, laneOf(options.view, name, valid))
      optimism.show(entry)
      const settled = Promise.withResolvers<void>()
      settled.promise.catch(() => {}) // the outbox shows what was refused; nobody has to listen here
      waiting.set(entry.id, settled)
      const kept = outbox.kept(entry.id).then((isOnDisk) => (isOnDisk ? undefined : settled.promise))
      kept.catch(() => {}) // as above
      return { id: entry.id, kept, done: settled.promise }
    },
    retry: (mutationId) => {
      outbox.retry(mutationId)
      showAll()
    },
    discard: (mutationId) => {
      if (!outbox.discard(mutationId)) return
      optimism.undo(mutationId)
      showAll()
    },
    whenCreated: (sessionId) => {
      const isCreated = () => !outbox.entries.getSnapshot().some((entry) => creates(entry, sessionId))
      return new Promise((resolve) => {
        if (isCreated()) return resolve()
        const stop = outbox.entries.subscribe(() => {
          if (!isCreated()) return
          stop()
          resolve()
        })
      })
    },
    close: async () => {
      await outbox.close()
      optimism.clear()
    },
  }
}

/** Waits for the confirmed rows: in the shape that the server named, and wherever else the change is shown. */
async function seen(
  { collections, isConnected }: ChangesOptions,
  { lane }: OutboxEntry,
  { txid, awaits }: Extract<MutationResult, { ok: true }>,
  shownOn: ReadonlySet<unknown>,
): Promise<void> {
  if (txid === null || awaits === null) return
  const here = Object.entries(collections(lane))
  const awaited = here.filter(([shape, collection]) => shape === awaits || shownOn.has(collection))
  await Promise.all(awaited.map(([, collection]) => transactionSeen(collection, txid, isConnected)))
}

function creates({ name, lane, state }: OutboxEntry, sessionId: string): boolean {
  return name === 'sessions.create' && lane === sessionId && state === 'pending'
}

function validated<Name extends MutationName>(name: Name, input: MutationInput<Name>): object {
  const parsed = mutationInputs[name].safeParse(input)
  if (parsed.success) return parsed.data
  const fields: Record<string, string[]> = {}
  for (const { path, message } of parsed.error.issues) {
    const field = path.join('.')
    fields[field] = [...(fields[field] ?? []), message]
  }
  const [first = 'This'] = Object.keys(fields)
  const message = `${first} ${fields[first]?.[0] ?? 'is not valid'}.`
  throw new MutationRefused({ code: 'invalid', message, fields })
}
