import { randomBytes } from 'node:crypto'
import type { Client } from 'pg'
import { LogicalReplicationService, type Pgoutput, PgoutputPlugin } from 'pg-logical-replication'
import { Arrivals } from './arrivals.ts'

export interface BareReader {
  arrivals: Arrivals
  close(): Promise<void>
}

const PUBLICATION = 'electric_publication_default'

/** As early as any program can see a commit: the rows inserted into a table, from a replication slot of its own. */
export async function openBareReader(databaseUrl: string, table: string): Promise<BareReader> {
  const arrivals = new Arrivals('a bare logical-replication reader')
  const close = await followInserts(databaseUrl, PUBLICATION, table, ({ id = '' }) => arrivals.record(id))
  return { arrivals, close }
}

/** @returns how to end it. */
export async function followInserts(
  databaseUrl: string,
  publication: string,
  table: string,
  onInsert: (row: Record<string, string>) => void,
): Promise<() => Promise<void>> {
  // Its own way acknowledges every message, which costs both sides more than the message.
  const acknowledge = { auto: false, timeoutSeconds: 0 }
  const service = new LogicalReplicationService({ connectionString: databaseUrl }, { acknowledge })
  const plugin = new TemporarySlotPlugin({ protoVersion: 1, publicationNames: [publication] })
  service.on('data', (_lsn, message: Pgoutput.Message) => {
    if (message.tag === 'insert' && message.relation.name === table) onInsert(message.new)
  })
  service.on('heartbeat', (lsn) => void service.acknowledge(before(lsn)))
  await new Promise<void>((resolve, reject) => {
    service.on('error', reject)
    service.on('start', resolve)
    service.subscribe(plugin, `bench_${randomBytes(4).toString('hex')}`).catch(reject)
  })
  return async () => {
    await service.destroy()
  }
}

// The package adds one; with more acknowledged than there is, Postgres would wait for this reader when it stops.
function before(lsn: string): string {
  const [high = '0', low = '0'] = lsn.split('/')
  const position = ((BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)) - 1n
  return `${(position >> 32n).toString(16)}/${(position & 0xffffffffn).toString(16)}`
}

/** Made on the connection that reads it, so it goes with it and retains nothing. */
class TemporarySlotPlugin extends PgoutputPlugin {
  override async start(client: Client, slot: string): Promise<unknown> {
    const { rows } = await client.query<{ consistent_point: string }>(
      `CREATE_REPLICATION_SLOT "${slot}" TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`,
    )
    return super.start(client, slot, rows[0]?.consistent_point ?? '0/0')
  }
}
