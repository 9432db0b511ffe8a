import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roleUrl } from '../roles.ts'
import { seed } from '../seed.ts'
import { type TestDatabase, testDatabase } from '../testing.ts'
import { readArchive } from './archive-reader.ts'
import { createArchive } from './archive-writer.ts'
import { backupDatabase } from './backup.ts'
import { CLOSING_ENTRY, HEAD_ENTRY, type Head } from './format.ts'
import { restoreToDatabase } from './restore-to-database.ts'
import {
  type Contents,
  contentsOf,
  databasesLike,
  emptyDatabase,
  migratedDatabase,
  on,
  type Place,
  schemaOf,
  type TestTarget,
  temporaryPlace,
} from './testing.ts'

let source: TestDatabase
let place: Place
let contents: Contents
beforeAll(async () => {
  source = await testDatabase()
  place = await temporaryPlace()
  await seed(source.db)
  await backupDatabase(source.ownerUrl, place.file, { productVersion: '0.0.0' })
  contents = await contentsOf(source.ownerUrl)
})
afterAll(async () => {
  await source.close()
  await place[Symbol.asyncDispose]()
})

async function usedDatabase(): Promise<TestTarget> {
  const target = await migratedDatabase()
  await on(
    target.ownerUrl,
    (owner) =>
      owner`insert into accounts (id, display_name, kind) values (${uuidv7()}, 'Was here before', 'full')`,
  )
  return target
}

describe('a database that is not empty', () => {
  test('is refused, by the names of what is in it, and stays as it was', async () => {
    await using target = await usedDatabase()
    const before = await contentsOf(target.ownerUrl)
    const refused = restoreToDatabase(target.ownerUrl, place.file, {})
    await expect(refused).rejects.toThrow(/is not empty: there are rows in public\.accounts\.\nAdd --replace/)
    expect(await contentsOf(target.ownerUrl)).toEqual(before)
  })

  test('is replaced when that is asked for, and kept under another name; left-overs of a killed restore go', async () => {
    await using target = await usedDatabase()
    const [left, others] = [`${target.name}_restoring_0123abcd`, `${target.name}_restoring_mine`]
    for (const name of [left, others])
      await on(source.ownerUrl, (owner) => owner.unsafe(`create database ${name}`))
    const before = await contentsOf(target.ownerUrl)
    const slot = await slotOn(target)
    const { kept } = await restoreToDatabase(target.ownerUrl, place.file, { replace: true })
    expect(await contentsOf(target.ownerUrl)).toEqual(contents)
    expect(await schemaOf(target.ownerUrl)).toEqual(await schemaOf(source.ownerUrl))
    const old = new URL(target.ownerUrl)
    old.pathname = `/${kept}`
    expect(await contentsOf(old.href)).toEqual(before)
    expect(await databasesLike(target.name)).toEqual([target.name, kept, others].sort())
    // The slot's name is the whole server's: the restored database's Electric needs it.
    expect(
      await on(source.ownerUrl, (owner) => owner`select from pg_replication_slots where slot_name = ${slot}`),
    ).toEqual([])
  })

  test('is not replaced when somebody else has tables there, which an empty one may have', async () => {
    await using target = await usedDatabase()
    await on(target.ownerUrl, (owner) => owner.unsafe('create table notes as select 1 as n'))
    const refused = restoreToDatabase(target.ownerUrl, place.file, { replace: true })
    await expect(refused).rejects.toThrow(/tables that Throughline did not make \(public\.notes\)/)
    await on(target.ownerUrl, (owner) => owner`delete from accounts`)
    await restoreToDatabase(target.ownerUrl, place.file, {})
    expect(await contentsOf(target.ownerUrl)).toMatchObject({ ...contents, 'public.notes': { rows: 1 } })
  })

  test('is not replaced while anybody is connected to it', async () => {
    await using target = await usedDatabase()
    const before = await contentsOf(target.ownerUrl)
    await on(roleUrl(target.ownerUrl, 'app'), async (app) => {
      await app`select 1`
      const refused = restoreToDatabase(target.ownerUrl, place.file, { replace: true })
      await expect(refused).rejects.toThrow(
        /in use, by connections of throughline_app \(1\)\. Stop Throughline/,
      )
    })
    expect(await contentsOf(target.ownerUrl)).toEqual(before)
    expect(await databasesLike(target.name)).toEqual([target.name])
  })

  test('is as it was when somebody connects before the end, and nothing is left beside it', async () => {
    await using target = await usedDatabase()
    const before = await contentsOf(target.ownerUrl)
    const connected = Promise.withResolvers<void>()
    let connection: Promise<unknown> | undefined
    const refused = restoreToDatabase(target.ownerUrl, place.file, {
      replace: true,
      onProgress: () => {
        connection ??= on(target.ownerUrl, (owner) => owner`select 1`.then(() => connected.promise))
      },
    })
    await expect(refused).rejects.toThrow(/Somebody connected to the database .* Nothing was changed/)
    connected.resolve()
    await connection
    expect(await contentsOf(target.ownerUrl)).toEqual(before)
    expect(await databasesLike(target.name)).toEqual([target.name])
  })
})

describe('a restore that is stopped', () => {
  test('while loading or comparing leaves the empty database empty, and the next one works', async () => {
    await using target = await migratedDatabase()
    const before = await contentsOf(target.ownerUrl)
    for (const step of ['Loading', 'Comparing']) {
      await expect(stoppedAt(step, target)).rejects.toThrow()
      expect(await contentsOf(target.ownerUrl)).toEqual(before)
    }
    expect(await schemaOf(target.ownerUrl)).toEqual(await schemaOf(source.ownerUrl))
    await restoreToDatabase(target.ownerUrl, place.file, {})
    expect(await contentsOf(target.ownerUrl)).toEqual(contents)
  })

  test('while replacing leaves the database in its place, and nothing beside it', async () => {
    await using target = await usedDatabase()
    const before = await contentsOf(target.ownerUrl)
    await expect(stoppedAt('Comparing', target, true)).rejects.toThrow()
    expect(await contentsOf(target.ownerUrl)).toEqual(before)
    expect(await databasesLike(target.name)).toEqual([target.name])
  })

  test('by a connection that ends leaves the empty database empty, and says so in words', async () => {
    await using target = await migratedDatabase()
    const before = await contentsOf(target.ownerUrl)
    let ended: Promise<unknown> | undefined
    const refused = restoreToDatabase(target.ownerUrl, place.file, {
      onProgress: ({ step }) => {
        if (step === 'Loading') ended ??= endOtherConnections(target)
      },
    })
    await expect(refused).rejects.toThrow('PostgreSQL went away in the middle')
    await ended
    expect(await contentsOf(target.ownerUrl)).toEqual(before)
  })
})

function stoppedAt(step: string, target: TestTarget, replace = false): Promise<unknown> {
  const stopped = new AbortController()
  return restoreToDatabase(target.ownerUrl, place.file, {
    replace,
    signal: stopped.signal,
    onProgress: (progress) => {
      if (progress.step === step) stopped.abort()
    },
  })
}

describe('a backup that does not fit', () => {
  test('of a newer release is refused before anything is written', async () => {
    const refusal = await refusalOf((head) => {
      head.migrations.push({ tag: '9999_later', when: Date.parse('2999-01-01') })
      head.product_version = '9.9.9'
    })
    expect(refusal).toMatch(/made by a newer release of Throughline \(9\.9\.9; unknown here: 9999_later\)/)
  })

  test('with tables that this release’s migrations do not make is refused', async () => {
    const refusal = await refusalOf((head) =>
      head.tables[1]?.columns.push({ name: 'later', type: 'text', generated: false }),
    )
    expect(refusal).toMatch(/missing or different:\n- \["[a-z.]+",\{"name":"later"/)
  })

  test('with rows that break a rule is refused as a whole', async () => {
    // As if a row had been altered where the database does not allow it.
    const refusal = await refusalOf(
      () => {},
      (rows) => rows.replace('Ada Marlow', ''),
    )
    expect(refusal).toContain('accounts_display_name_length')
  })
})

/** Of a file that is whole, but says or holds something else; the target must be as empty afterwards. */
async function refusalOf(change: (head: Head) => unknown, edit = (rows: string) => rows): Promise<string> {
  await using other = await temporaryPlace()
  await using reader = await readArchive(place.file)
  const head = structuredClone(reader.head)
  change(head)
  {
    await using writer = await createArchive(other.file)
    await writer.entry(HEAD_ENTRY, JSON.stringify(head))
    let index = 0
    for await (const { table, rows } of reader.tables()) {
      let text = ''
      for await (const chunk of rows) text += chunk.toString()
      index += 1
      if (text) await writer.entry(`data/${String(index).padStart(4, '0')}-${table.name}/1`, edit(text))
    }
    await writer.entry(CLOSING_ENTRY, JSON.stringify(await reader.closing()))
    await writer.seal()
    await writer.publish()
  }
  await using target = await emptyDatabase()
  const refusal = await restoreToDatabase(target.ownerUrl, other.file, {}).then(
    () => 'none',
    (error: Error) => error.message,
  )
  const rows = Object.entries(await contentsOf(target.ownerUrl)).filter(
    ([name]) => !name.startsWith('drizzle.'),
  )
  expect(rows.filter(([, table]) => table.rows > 0)).toEqual([])
  return refusal
}

/** A slot as Electric makes one, left behind by it. */
async function slotOn({ ownerUrl }: TestTarget): Promise<string> {
  const name = `electric_slot_test_${randomBytes(4).toString('hex')}`
  await on(ownerUrl, (owner) => owner`select pg_create_logical_replication_slot(${name}, 'pgoutput')`)
  return name
}

function endOtherConnections({ name }: TestTarget): Promise<unknown> {
  return on(
    source.ownerUrl,
    (owner) => owner`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`,
  )
}
