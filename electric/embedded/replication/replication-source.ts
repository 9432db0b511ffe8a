import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import { formatLsn, parseLsn } from '../shape/offsets.ts'

/** What a position in the stream is a position of. */
export interface ReplicationSource {
  /** Names the cluster, its history, the database, the slot and the publication: another one, another stream. */
  readonly id: string
  /** Nothing that was streamed before is known to be followed by what streams now. */
  readonly isNew: boolean
  /** Up to here the stream was acknowledged; it begins after it. */
  readonly startLsn: bigint
  /** Where the database's log ends now: what is known of a later position is of another history. */
  readonly endLsn: bigint
}

export interface SourceOptions {
  readonly publication: string
  readonly slot: string
  /** Goes with the connection: neither holds the log back afterwards nor is in another process's way. */
  readonly isTemporary: boolean
  /** What the shapes that are known follow; null when there are none. */
  readonly knownSource: string | null
  /** Whether migrations make the publication, and not this program. */
  readonly isPublishingManual: boolean
  /** Another process follows the slot; called at each try. */
  onWaiting(): void
  /** While nobody follows the slot, Postgres would keep its log for it until its disk is full. */
  onUnboundedLog(): void
}

const TRY_LOCK_EVERY_MS = 200

/** On a replication connection, which takes statements without parameters only. */
export async function openSource(
  client: Client,
  options: SourceOptions,
  signal: AbortSignal,
): Promise<ReplicationSource> {
  if (!options.isTemporary) await lockSlot(client, options, signal)
  const publication = await openPublication(client, options)
  const [system] = await select<{ systemid: string; timeline: number; dbname: string; xlogpos: string }>(
    client,
    'IDENTIFY_SYSTEM',
  )
  if (!options.isTemporary) await warnOfUnboundedLog(client, options)
  const id = JSON.stringify([
    system?.systemid,
    system?.timeline,
    system?.dbname,
    options.slot,
    publication.oid,
  ])
  const endLsn = parseLsn(system?.xlogpos ?? '0/0')
  const known = options.isTemporary ? null : await existingSlot(client, options, system?.dbname ?? '', id)
  if (known !== null) return { id, isNew: publication.isNew, startLsn: known, endLsn }
  return { id, isNew: true, startLsn: await createSlot(client, options), endLsn }
}

// Held by the connection: it is free again the moment that the other process's connection is gone.
async function lockSlot(
  client: Client,
  { slot, onWaiting }: SourceOptions,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const sql = `SELECT pg_try_advisory_lock(hashtext(${literal(slot)})) AS is_locked`
    const [row] = await select<{ is_locked: boolean | string }>(client, sql)
    if (row?.is_locked === true || row?.is_locked === 't') return
    onWaiting()
    await delay(TRY_LOCK_EVERY_MS, undefined, { signal })
  }
}

async function openPublication(
  client: Client,
  { publication, isPublishingManual, isTemporary }: SourceOptions,
): Promise<{ oid: string | null; isNew: boolean }> {
  const find = `SELECT oid::text FROM pg_publication WHERE pubname = ${literal(publication)}`
  const [known] = await select<{ oid: string }>(client, find)
  // A lasting slot that is older than its publication cannot be read: PostgreSQL before 18 fails on each change.
  if (!known && isPublishingManual && !isTemporary) {
    throw new Error(`Publication "${publication}" does not exist yet; migrations create it.`)
  }
  // Without one, each table says that it is missing: migrations may come yet.
  if (known || isPublishingManual) return { oid: known?.oid ?? null, isNew: false }
  const [version] = await select<{ server_version_num: string }>(client, 'SHOW server_version_num')
  const generated =
    Number(version?.server_version_num) >= 180_000 ? ' WITH (publish_generated_columns = stored)' : ''
  await client.query(`CREATE PUBLICATION ${identifier(publication)}${generated}`)
  const [made] = await select<{ oid: string }>(client, find)
  return { oid: made?.oid ?? null, isNew: true }
}

async function warnOfUnboundedLog(client: Client, { onUnboundedLog }: SourceOptions): Promise<void> {
  const [row] = await select<{ max_slot_wal_keep_size: string }>(client, 'SHOW max_slot_wal_keep_size')
  if (row?.max_slot_wal_keep_size === '-1') onUnboundedLog()
}

/** @returns how far it was acknowledged; null when there is none that can be followed. */
async function existingSlot(
  client: Client,
  { slot: name, knownSource }: SourceOptions,
  database: string,
  source: string,
): Promise<bigint | null> {
  const [slot] = await select<{ database: string; wal_status: string; confirmed: string | null }>(
    client,
    `SELECT database, wal_status, confirmed_flush_lsn::text AS confirmed
     FROM pg_replication_slots WHERE slot_name = ${literal(name)}`,
  )
  if (!slot) return null
  if (slot.database !== database) {
    throw new Error(
      `The replication slot ${name} belongs to the database ${slot.database}. Set ELECTRIC_REPLICATION_STREAM_ID to another name for this one.`,
    )
  }
  const isReadable = slot.confirmed && slot.wal_status !== 'lost'
  if (isReadable && source === knownSource) return parseLsn(slot.confirmed ?? '')
  // Postgres kept less of its log than the slot needed, or nothing that is known here follows it.
  await client.query(`SELECT pg_drop_replication_slot(${literal(name)})`)
  return null
}

async function createSlot(client: Client, { slot, isTemporary }: SourceOptions): Promise<bigint> {
  const kind = isTemporary ? 'TEMPORARY LOGICAL' : 'LOGICAL'
  const [row] = await select<{ consistent_point: string }>(
    client,
    `CREATE_REPLICATION_SLOT ${identifier(slot)} ${kind} pgoutput NOEXPORT_SNAPSHOT`,
  )
  return parseLsn(row?.consistent_point ?? '0/0')
}

/** Begins the stream; resolves when it ends. */
export function startReplication(
  client: Client,
  { publication, slot }: Pick<SourceOptions, 'publication' | 'slot'>,
  startLsn: bigint,
): Promise<unknown> {
  return client.query(
    `START_REPLICATION SLOT ${identifier(slot)} LOGICAL ${formatLsn(startLsn)} (proto_version '1', publication_names ${literal(identifier(publication))})`,
  )
}

async function select<Row extends object>(client: Client, sql: string): Promise<Row[]> {
  return (await client.query<Row>(sql)).rows
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function identifier(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}
