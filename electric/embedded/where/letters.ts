import { errorCode } from '../catalog/database-errors.ts'
import type { Relation } from '../catalog/relation.ts'
import type { Query } from '../catalog/relation-catalog.ts'

export type CaseFunction = 'lower' | 'upper'
/** What `lower` or `upper` makes of a text. */
export type Folding = (text: string) => string

/** Whose collation says which letters are one another's; null for the database's own. */
export interface CollationOf {
  readonly relation: Relation
  readonly column: string
}

interface Collation {
  /** For SQL. */
  name: string
  provider: string
  locale: string | null
}

// In version 17 the columns for the locale got the name that they have now.
const COLLATION = `
  SELECT format('%I.%I', n.nspname, c.collname) AS name,
    CASE c.collprovider WHEN 'd' THEN d.datlocprovider ELSE c.collprovider END::text AS provider,
    CASE c.collprovider WHEN 'd' THEN to_jsonb(d) ->> 'datlocale' ELSE to_jsonb(c) ->> 'colllocale' END AS locale
  FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
  JOIN pg_database d ON d.datname = current_database()
  WHERE c.oid = coalesce(
    (SELECT attcollation FROM pg_attribute WHERE attrelid = $1::text::oid AND attname = $2::text),
    (SELECT oid FROM pg_collation WHERE collname = 'default' AND collnamespace = 'pg_catalog'::regnamespace))`

/** What is known of a database's letters; asked once, for it does not change. */
export class Letters {
  readonly #tables = new Map<string, Promise<Folding | null>>()
  #areUtf8: Promise<boolean> | null = null

  /** Whether bytes are in the order of characters, and characters what they are here. */
  areUtf8(query: Query): Promise<boolean> {
    this.#areUtf8 ??= readEncoding(query)
    this.#areUtf8.catch(() => {
      this.#areUtf8 = null
    })
    return this.#areUtf8
  }

  /**
   * Learns from Postgres which letters it folds to which, for those collations that fold each letter by itself,
   * whatever is around it: the operating system's, and the built-in ones but for one.
   * @returns null where what becomes of a letter is not certain
   */
  async folding(query: Query, of: CollationOf | null, name: CaseFunction): Promise<Folding | null> {
    const [row] = (await query(COLLATION, [String(of?.relation.oid ?? 0), of?.column ?? ''])) as Collation[] // as selected
    if (!row || !isByLetter(row)) return null
    const key = `${name} ${row.name}`
    const known = this.#tables.get(key) ?? readFolding(query, row.name, name)
    this.#tables.set(key, known)
    known.catch(() => this.#tables.delete(key))
    return known
  }
}

async function readEncoding(query: Query): Promise<boolean> {
  const [row] = (await query("SELECT current_setting('server_encoding') AS name", [])) as { name: string }[] // as selected
  return row?.name === 'UTF8'
}

function isByLetter({ provider, locale }: Collation): boolean {
  return provider === 'c' || (provider === 'b' && (locale === 'C' || locale === 'C.UTF-8'))
}

// There are letters of two cases in the first two planes only.
const LAST_LETTER = 0x1ffff

function allLetters(): string[] {
  const letters: string[] = []
  for (let code = 1; code <= LAST_LETTER; code++) {
    if (code < 0xd800 || code > 0xdfff) letters.push(String.fromCodePoint(code))
  }
  return letters
}

async function readFolding(query: Query, collation: string, name: CaseFunction): Promise<Folding | null> {
  const letters = allLetters()
  const folded = await fold(query, collation, name, letters.join(''))
  const becomes = folded === null ? [] : [...folded]
  if (becomes.length !== letters.length) return null
  const table = new Map<string, string>()
  for (const [index, letter] of letters.entries()) {
    const other = becomes[index] ?? letter
    if (other !== letter) table.set(letter, other)
  }
  return foldingOf(table)
}

async function fold(
  query: Query,
  collation: string,
  name: CaseFunction,
  text: string,
): Promise<string | null> {
  try {
    const rows = await query(`SELECT pg_catalog.${name}($1::text COLLATE ${collation}) AS folded`, [text])
    const [row] = rows as { folded: string }[] // as selected
    return row?.folded ?? null
  } catch (error) {
    if (errorCode(error) === '22P05') return null // a database whose encoding lacks most of them
    throw error
  }
}

export function foldingOf(table: ReadonlyMap<string, string>): Folding {
  return (text) => {
    let folded = ''
    let start = 0
    let at = 0
    for (const letter of text) {
      const other = table.get(letter)
      const next = at + letter.length
      if (other !== undefined) {
        folded += text.slice(start, at) + other
        start = next
      }
      at = next
    }
    return start === 0 ? text : folded + text.slice(start)
  }
}
