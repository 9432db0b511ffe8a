import type * as z from 'zod/mini'
import { rowId } from '#db/inputs/fields.ts'
import { type MutationInput, type MutationName, mutationInputs } from '#db/inputs/index.ts'
import { AppError } from '../errors.ts'
import { cut } from '../log.ts'

/** A mutation as it arrives, not looked at yet. */
export interface SentMutation {
  mutationId: unknown
  name: unknown
  input: unknown
}

/** With the input of its own name. */
export type ValidMutation = {
  [Name in MutationName]: { mutationId: string; name: Name; input: MutationInput<Name> }
}[MutationName]

/** Beyond this a value is no input of ours, and walking it would exhaust the stack. */
const MAX_DEPTH = 100

/** @throws AppError invalid, with what is wrong by field. */
export function validate({ mutationId, name, input }: SentMutation): ValidMutation {
  if (typeof name !== 'string' || !Object.hasOwn(mutationInputs, name)) {
    throw invalid(`There is no mutation ${JSON.stringify(cut(name))}.`, { name: ['is not a mutation'] })
  }
  const id = rowId.safeParse(mutationId)
  if (!id.success) throw invalid('The id of a mutation must be a UUID.', { id: ['must be a UUID'] })
  if (isDeeperThan(input, MAX_DEPTH)) {
    throw invalid(`${name} is nested too deeply.`, { input: [`must nest at most ${MAX_DEPTH} levels`] })
  }
  const parsed = mutationInputs[name as MutationName].safeParse(input) // hasOwn makes the cast true
  if (!parsed.success) throw invalid(`${name} was not understood.`, fieldsOf(parsed.error))
  // The schema was looked up by this very name; TypeScript does not follow the pair through the lookup.
  return { mutationId: id.data, name, input: parsed.data } as ValidMutation
}

function invalid(message: string, fields: Record<string, string[]>): AppError {
  const [first] = Object.entries(fields).map(([field, problems]) => `${field} ${problems[0]}`)
  return new AppError('invalid', first ? `${message} (${first})` : message, { fields })
}

/** An answer names no more fields than this. */
const MAX_FIELDS = 20

/** What is wrong, by field: the form of `AppError.fields`. */
export function fieldsOf(error: z.core.$ZodError): Record<string, string[]> {
  const fields = new Map<string, string[]>() // an object has names of its own, such as constructor
  const add = (name: string, problem: string) => {
    const field = cut(name)
    if (fields.has(field) || fields.size < MAX_FIELDS)
      fields.set(field, [...(fields.get(field) ?? []), problem])
  }
  for (const issue of error.issues) {
    if (issue.code === 'unrecognized_keys') for (const key of issue.keys) add(key, 'is not a field')
    else
      add(issue.path.join('.') || 'input', issue.message === 'Invalid input' ? 'is not valid' : issue.message)
  }
  return Object.fromEntries(fields)
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (value === null || typeof value !== 'object') return false
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(inner, depth - 1))
}
