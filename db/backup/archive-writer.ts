import { createHash } from 'node:crypto'
import { access, type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type Pack, pack } from 'tar-stream'
import { BackupError } from './backup-error.ts'
import { OPENING, seal } from './format.ts'

export interface ArchiveWriter {
  /** Where the bytes are until `publish`. */
  readonly temporary: string
  entry(name: string, body: Buffer | string): Promise<void>
  /** Everything is on the disk, under the temporary name. */
  seal(): Promise<void>
  /** Gives the file its name. @throws BackupError when something has that name by now. */
  publish(): Promise<void>
  /** Removes what there is, unless it was published. */
  [Symbol.asyncDispose](): Promise<void>
}

/** @throws BackupError when the file cannot be made there, or exists. */
export async function createArchive(target: string): Promise<ArchiveWriter> {
  await refuseExisting(target)
  const temporary = join(dirname(resolve(target)), `${basename(target)}.${process.pid}.partial`)
  // It holds everybody's words and password hashes: for its owner alone, from the first byte on.
  const handle = await open(temporary, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause
    throw new BackupError(`There is no folder ${dirname(resolve(target))}. Make it first.`, { cause })
  })
  const tar = pack()
  const written = writeMembers(tar, handle)
  written.catch(() => {}) // seen by whoever writes or seals next
  return {
    temporary,
    entry: async (name, body) => {
      const entered = new Promise<void>((done, failed) => {
        tar.entry({ name, mode: 0o600 }, body, (error) => (error ? failed(error) : done()))
      })
      // A full disk ends the stream with its own error; the entry only knows that the stream ended.
      await Promise.race([entered.catch(() => written), written])
    },
    seal: async () => {
      tar.finalize()
      await written
      await handle.sync()
      await handle.close()
    },
    publish: () => giveName(temporary, target),
    [Symbol.asyncDispose]: async () => {
      tar.destroy()
      await written.catch(() => {})
      await handle.close().catch(() => {}) // closed already when it was sealed
      await rm(temporary, { force: true })
    },
  }
}

export async function refuseExisting(target: string): Promise<void> {
  const exists = await access(target).then(
    () => true,
    () => false,
  )
  if (exists) throw alreadyThere(target)
}

function alreadyThere(target: string): BackupError {
  return new BackupError(
    `${target} exists already, and a backup never overwrites anything. Give another name, or move that file away.`,
  )
}

async function writeMembers(tar: Pack, handle: FileHandle): Promise<void> {
  const sha256 = createHash('sha256')
  const write = async (bytes: Buffer) => {
    sha256.update(bytes)
    await handle.writeFile(bytes) // goes on where it is, until all of it is written
  }
  await write(OPENING)
  await pipeline(tar, createGzip(), async (packed: AsyncIterable<Buffer>) => {
    for await (const bytes of packed) await write(bytes)
  })
  await handle.writeFile(seal(sha256.digest('hex')))
}

// A link fails where a file is, a rename would replace it.
async function giveName(temporary: string, target: string): Promise<void> {
  await link(temporary, target).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw alreadyThere(target)
    await refuseExisting(target) // a file system without links, such as a memory stick's
    await rename(temporary, target)
  })
  await rm(temporary, { force: true })
  await syncFolder(dirname(resolve(target)))
}

/** Makes a change of names in a folder outlive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  // Some file systems refuse, and have nothing to make sure of.
  await handle.sync().catch(() => {})
  await handle.close()
}
