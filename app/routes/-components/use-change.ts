import { useCallback } from 'react'
import { type StartedMutation, useWorkspace } from '#app/collections/workspace.tsx'
import { useToasts } from '#app/components/controls/toasts.tsx'
import type { MutationInput, MutationName } from '#db/inputs/index.ts'

export type Change = <Name extends MutationName>(
  name: Name,
  input: MutationInput<Name>,
  /** Begins the sentence that says what did not work; null where the screen itself shows it. */
  failure: string | null,
) => StartedMutation | null

/** Changes something at once; what is refused, now or later, is said with its reason. */
export function useChange(): Change {
  const workspace = useWorkspace()
  const { failed } = useToasts()
  return useCallback<Change>(
    (name, input, failure) => {
      const report = (error: unknown) => {
        if (failure !== null) failed(`${failure} ${reasonOf(error)}`)
      }
      try {
        const started = workspace.mutate(name, input)
        started.done.catch(report)
        return started
      } catch (error) {
        // What the input's own schema refuses has nowhere else to be shown.
        failed(`${failure ?? 'Not saved.'} ${reasonOf(error)}`)
        return null
      }
    },
    [workspace, failed],
  )
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'The server gave no reason.'
}
