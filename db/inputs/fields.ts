import * as z from 'zod/mini'

/** Fields that several inputs share. Browser-safe: nothing here may import Drizzle. */

// One spelling, as Postgres writes it: rows and inputs are compared as text in the browser and in the server.
export const rowId = z.uuid('must be a UUID').check(z.toLowerCase())

// The ids that the server and the importer make are v5, computed from what others know too. A caller who could give a
// row such an id would own it before they come to make it.
export const newRowId = z.uuidv7('must be a UUIDv7').check(z.toLowerCase())

const noControls = z.refine<string>((text) => !/\p{Cc}/u.test(text), 'must not contain control characters')
// Postgres can hold neither: U+0000 in no text, lone surrogates in no UTF-8.
const holdable = z.refine<string>((text) => isHoldable(text), 'must not contain U+0000 or lone surrogates')

/** Length in code points, as Postgres's char_length counts. */
const atMost = (max: number) =>
  z.refine<string>((text) => [...text].length <= max, `must be at most ${max} characters`)

const name = (max: number) =>
  z.string().check(z.trim(), z.minLength(1, 'must not be empty'), atMost(max), noControls, holdable)

export const title = name(200)
export const displayName = name(100)
export const toolName = name(200)
export const shortText = (max: number) =>
  z.string().check(z.minLength(1, 'must not be empty'), atMost(max), holdable)

/** Bytes of UTF-8; the same limit is a constraint of the table. */
export const MAX_MESSAGE_BYTES = 100 * 1024
const bytes = (text: string) => new TextEncoder().encode(text).length

export const messageContent = z.string().check(
  z.refine<string>((text) => text.trim().length > 0, 'must not be empty'),
  z.refine<string>(
    (text) => bytes(text) <= MAX_MESSAGE_BYTES,
    `must be at most ${MAX_MESSAGE_BYTES / 1024} KB`,
  ),
  holdable,
)

/** Any JSON value of at most 100 KB that Postgres can hold. */
export const json = z.json().check(
  z.refine((value) => bytes(JSON.stringify(value)) <= MAX_MESSAGE_BYTES, 'must be at most 100 KB of JSON'),
  z.refine(everyTextHoldable, 'must not contain U+0000 or lone surrogates'),
)

function isHoldable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed()
}

function everyTextHoldable(value: unknown): boolean {
  if (typeof value === 'string') return isHoldable(value)
  if (value === null || typeof value !== 'object') return true
  return Object.entries(value).every(([key, inner]) => isHoldable(key) && everyTextHoldable(inner))
}
