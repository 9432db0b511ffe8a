import { resolve } from 'node:path'
import type { Database } from '../client.ts'
import type { ImportedFile } from '../schema/import-runs.ts'
import { type AppliedImport, applyPlan } from './engine.ts'
import { ImportStopped } from './import-stopped.ts'
import { importOwner } from './owner.ts'
import { assertFolder, readJsonFile } from './read-json-file.ts'
import { planViewer, VIEWER_FILES, type ViewerRecords } from './viewer.ts'

export interface ViewerFolder {
  folder: string
  files: ImportedFile[]
  records: ViewerRecords
}

export interface ImportOptions {
  db: Database
  /** Email of the account that gets the sessions; the local account when absent. */
  owner?: string | undefined
  /** There is no default: people sign in. */
  ownerRequired?: boolean
  now?: Date
  onProgress?: (written: number, of: number) => void
}

/**
 * Imports what the legacy viewer wrote. Can be run any number of times and stopped anywhere.
 * @throws ImportStopped when a file is broken or there is nothing to read; nothing was written then.
 */
export async function importViewer({ folder, ...options }: ImportOptions & { folder: string }) {
  return importViewerFolder(await readViewerFolder(folder), options)
}

/** Reads the files whole, so that a broken one is found before a database is even needed. */
export async function readViewerFolder(path: string): Promise<ViewerFolder> {
  const folder = resolve(path)
  await assertFolder(folder)
  const messages = await readJsonFile(folder, VIEWER_FILES.messages)
  const threads = await readJsonFile(folder, VIEWER_FILES.threads)
  const toolEvents = await readJsonFile(folder, VIEWER_FILES.toolEvents)
  const files = [messages.summary, threads.summary, toolEvents.summary]
  if (files.every((file) => file.missing)) throw nothingIn(folder)
  const records = {
    messages: messages.elements,
    threads: threads.elements,
    toolEvents: toolEvents.elements,
  }
  return { folder, files, records }
}

export async function importViewerFolder(
  { records, ...from }: ViewerFolder,
  { db, owner, ownerRequired = false, now = new Date(), onProgress }: ImportOptions,
): Promise<AppliedImport> {
  const accountId = await importOwner(db, owner, ownerRequired)
  const plan = planViewer(records, { accountId, now })
  return applyPlan(db, accountId, plan, { ...from, startedAt: now }, onProgress)
}

function nothingIn(folder: string): ImportStopped {
  return new ImportStopped(
    `${folder} holds none of ${Object.values(VIEWER_FILES).join(', ')}. Nothing was written. ` +
      'The old viewer kept them in the folder "data" of its checkout: name that folder.',
  )
}
