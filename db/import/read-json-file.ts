import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportedFile } from '../schema/import-runs.ts'
import { ImportStopped } from './import-stopped.ts'
import { BrokenJsonArray, type JsonElement, jsonArrayElements } from './json-array.ts'

export interface JsonFile {
  summary: ImportedFile
  elements: JsonElement[]
}

/**
 * Reads one file of records whole, before anything is written. A file that is not there holds no records.
 * @throws ImportStopped naming the file and the place, when it is there but is not a list of records.
 */
export async function readJsonFile(folder: string, name: string): Promise<JsonFile> {
  const bytes = await bytesOf(join(folder, name), name)
  if (!bytes) return { summary: { name, missing: true, bytes: 0, sha256: null, records: 0 }, elements: [] }
  const elements = elementsOf(textOf(bytes, name), name)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return {
    summary: { name, missing: false, bytes: bytes.length, sha256, records: elements.length },
    elements,
  }
}

/** @throws ImportStopped when the folder is not one that can be read. */
export async function assertFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch((cause: NodeJS.ErrnoException) => {
    throw new ImportStopped(
      cause.code === 'ENOENT'
        ? `There is no folder ${folder}.`
        : `${folder} cannot be read: ${cause.message}.`,
      { cause },
    )
  })
  if (!found.isDirectory()) {
    throw new ImportStopped(
      `${folder} is not a folder. Name the folder that holds the files, not one of them.`,
    )
  }
}

async function bytesOf(path: string, name: string): Promise<Buffer | null> {
  try {
    // Asked first, because opening a pipe would wait for ever.
    if (!(await stat(path)).isFile()) throw broken(name, 'it is not a file')
    return await readFile(path)
  } catch (cause) {
    if (cause instanceof ImportStopped) throw cause
    const { code, message } = cause as NodeJS.ErrnoException // what node:fs rejects with
    if (code === 'ENOENT') return null
    throw broken(name, `it cannot be read (${code ?? message})`, cause)
  }
}

function textOf(bytes: Buffer, name: string): string {
  if (!isUtf8(bytes)) {
    throw broken(name, `byte ${firstBrokenByte(bytes) + 1} is not UTF-8: the file is damaged or no text`)
  }
  try {
    const text = bytes.toString('utf8')
    return text.startsWith('\ufeff') ? text.slice(1) : text
  } catch (cause) {
    throw broken(name, `it is too large (${bytes.length} bytes): the limit is about 500 MB`, cause)
  }
}

function elementsOf(text: string, name: string): JsonElement[] {
  if (text.startsWith('version https://git-lfs')) {
    throw broken(name, 'it is a Git LFS pointer, not the file itself. Fetch the file with "git lfs pull"')
  }
  try {
    return [...jsonArrayElements(text)]
  } catch (cause) {
    if (!(cause instanceof BrokenJsonArray)) throw cause
    throw broken(name, `line ${cause.line}, column ${cause.column}: ${cause.message}`, cause)
  }
}

// A prefix is fine exactly until it holds the broken byte, so halving finds it.
function firstBrokenByte(bytes: Buffer): number {
  let fine = 0
  let notFine = bytes.length + 1
  while (notFine - fine > 1) {
    const middle = (fine + notFine) >> 1
    if (isPrefixFine(bytes.subarray(0, middle), middle < bytes.length)) fine = middle
    else notFine = middle
  }
  return fine
}

function isPrefixFine(prefix: Buffer, moreFollows: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(prefix, { stream: moreFollows })
    return true
  } catch {
    return false
  }
}

function broken(name: string, problem: string, cause?: unknown): ImportStopped {
  return new ImportStopped(
    `${name}: ${problem}. Nothing was written. Mend the file, or move it out of the folder to import without it.`,
    { cause },
  )
}
