import type { Transaction } from '#db/client.ts'
import type { MutationInput, MutationName, ShapeName } from '#db/inputs/index.ts'

/** Who asks; as server/auth found out, never from the payload. */
export interface Caller {
  accountId: string
}

/** What a mutation did: whether it wrote, and the shape in which its caller sees it arrive (null: in none). */
export interface Outcome {
  changed: boolean
  awaits: ShapeName | null
}

export const unchanged: Outcome = { changed: false, awaits: null }
export const changed = (awaits: ShapeName | null): Outcome => ({ changed: true, awaits })

/** Authorises and writes, inside the one transaction that also records the mutation's id. */
export type Mutation<Name extends MutationName> = (
  tx: Transaction,
  caller: Caller,
  input: MutationInput<Name>,
) => Promise<Outcome>

type Entity = MutationName extends `${infer E}.${string}` ? E : never
type Verb<E extends Entity> = MutationName extends infer Name
  ? Name extends `${E}.${infer V}`
    ? V
    : never
  : never
type Named<E extends Entity, V extends string> = `${E}.${V}` & MutationName

/** The mutations of one entity by verb, made into the registry's entries by full name. */
export function defineMutations<E extends Entity>(
  entity: E,
  byVerb: { [V in Verb<E>]: Mutation<Named<E, V>> },
): { [Name in Named<E, Verb<E>>]: Mutation<Name> } {
  const entries = Object.entries(byVerb).map(([verb, mutation]) => [`${entity}.${verb}`, mutation])
  return Object.fromEntries(entries) // typed by the signature: the keys are the verbs with the entity before them
}
